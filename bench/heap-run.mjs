import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { WebSocket } from '/work/fx/packages/server/node_modules/ws/wrapper.mjs';
import { SignJWT } from '/work/fx/packages/server/node_modules/jose/dist/webapi/index.js';
import { readFileSync } from 'node:fs';
const secret=/JWT_SECRET = '([^']+)'/.exec(readFileSync('/work/fx/bench/src/servers/secret.ts','utf8'))[1];
const child=spawn('node',['--expose-gc','--heapsnapshot-signal=SIGUSR2','--diagnostic-dir=/tmp/hs2','/work/fx/bench/dist/servers/trunkline.js'],{stdio:['pipe','pipe','inherit'],env:{...process.env,NODE_ENV:'production'}});
const lines=createInterface({input:child.stdout}); const [l]=await once(lines,'line'); const {port}=JSON.parse(l);
const key=new TextEncoder().encode(secret); let n=0; const keep=[];
async function one(){const i=n++; const token=await new SignJWT({}).setProtectedHeader({alg:'HS256'}).setSubject('user'+i).setIssuedAt().setExpirationTime('1h').sign(key);
 const ws=new WebSocket(`ws://127.0.0.1:${port}/v1/connect`,'trunkline.v1'); keep.push(ws); await once(ws,'open'); ws.send(JSON.stringify({type:'hello',id:'hello',token,rooms:[{room:`bench:r${Math.floor(i/10)}`}]})); await new Promise(r=>ws.on('message',d=>{if(String(d).includes('"joined"'))r()}));}
async function upto(k){while(n<k)await Promise.all(Array.from({length:50},one));}
const rss=()=>{const m=/Rss:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/smaps_rollup`,'utf8'));return +m[1]};
async function snap(){child.stdin.write('gc\n');await once(lines,'line');await new Promise(r=>setTimeout(r,500));const before=rss();child.kill('SIGUSR2');await new Promise(r=>setTimeout(r,9000));return before}
await upto(1000);const a=await snap();await upto(3000);const b=await snap();console.log('rss kB',a,b,'per conn',(b-a)*1024/2000);child.kill();process.exit();
