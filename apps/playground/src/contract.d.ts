declare module 'virtual:contract' {
  const contract: import('@trunkline/protocol/contract').ContractJsonSchema;
  export default contract;
}
