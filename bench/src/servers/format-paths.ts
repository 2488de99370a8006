/** Where the formats beside the canonical one are spoken; with it they are five. */
export const OTHER_FORMATS = ['/format/2', '/format/3', '/format/4', '/format/5'] as const;
