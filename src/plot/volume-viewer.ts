// The page's half of the volume viewer: canvases, sliders and the script that draws a plane through a window.

import { xml } from '../markup.js';
import { FONT } from './text.js';

/** What the page gets. */
export interface Packed {
  /** gzip in base64: a level's number for each voxel, [depth, height, width]. */
  data: string;
  /** The same way, 1 inside. */
  mask?: string;
  shape: readonly [number, number, number];
  spacing: readonly [number, number, number];
  /** The value that each level stands for, rising. */
  levels: number[];
  window: { center: number; width: number };
  /** The volume's own shape, which slices are counted in. */
  whole: readonly [number, number, number];
  unit: string;
}

/** A fragment that needs nothing else; without scripts it is the still picture. */
export function viewerHtml(packed: Packed, { title, still }: { title: string; still: string }): string {
  const picture = `data:image/svg+xml;base64,${Buffer.from(still).toString('base64')}`;
  const data = JSON.stringify(packed).replace(/</g, '\\u003c');
  return (
    `<div class="cellgrad-volume" style="max-width:920px;background:#fff;color:#1f2933;font:13px ${FONT.replace(/"/g, "'")}">` +
    `<img alt="${xml(title)}" style="max-width:100%;height:auto;display:block" src="${picture}">` +
    `<script>(${SHOW})(document.currentScript,${data},${JSON.stringify(title).replace(/</g, '\\u003c')})</script></div>`
  );
}

// `s` is this script's element, whose elder sibling is the still picture. Planes are numbered as axes: 0 axial, 1 coronal, 2 sagittal.
const SHOW = `(s,V,title)=>{
const img=s&&s.previousElementSibling;if(!img)return;const root=s.parentElement;
const unpack=async(b)=>new Uint8Array(await new Response(new Blob([Uint8Array.from(atob(b),c=>c.charCodeAt(0))]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
const E=(tag,css,more)=>Object.assign(document.createElement(tag),{style:css||""},more);
(async()=>{try{
const data=await unpack(V.data),mask=V.mask&&await unpack(V.mask);
const[D,H,W]=V.shape,[dz,dy,dx]=V.spacing,L=V.levels,least=L[0],most=L[L.length-1],unit=V.unit?" "+V.unit:"";
const at=[D>>1,H>>1,W>>1],win={c:V.window.center,w:V.window.width},grey=new Uint8Array(256);
const P=[{n:"axial",h:H,w:W,y:1,x:2,tall:H*dy,wide:W*dx},{n:"coronal",h:D,w:W,y:0,x:2,tall:D*dz,wide:W*dx},{n:"sagittal",h:D,w:H,y:0,x:1,tall:D*dz,wide:H*dy}];
const stride=[H*W,W,1];
const box=E("div");
box.append(E("div","font-size:17px;font-weight:600;padding:12px 16px 6px",{textContent:title}));
const row=E("div","display:flex;flex-wrap:wrap;gap:12px;padding:0 16px");
const k=280/Math.max(...P.map(p=>Math.max(p.tall,p.wide)));
P.forEach((p,axis)=>{
const cell=E("div","flex:0 1 auto");
p.canvas=E("canvas","display:block;background:#000;cursor:crosshair;touch-action:none;width:"+Math.max(1,Math.round(p.wide*k))+"px;height:"+Math.max(1,Math.round(p.tall*k))+"px",{width:p.w,height:p.h});
p.canvas.setAttribute("role","img");
p.label=E("div","padding:4px 0 0;font-variant-numeric:tabular-nums");
p.slider=E("input","width:100%;min-width:160px;margin:2px 0 8px",{type:"range",min:0,max:V.shape[axis]-1,step:1,value:at[axis]});
p.slider.setAttribute("aria-label",p.n+" slice");
p.slider.addEventListener("input",()=>{at[axis]=+p.slider.value;draw()});
p.canvas.addEventListener("wheel",e=>{e.preventDefault();move(axis,e.deltaY>0?-1:1)},{passive:false});
const point=e=>{const b=p.canvas.getBoundingClientRect();
const y=Math.max(0,Math.min(p.h-1,Math.floor((e.clientY-b.top)/b.height*p.h))),x=Math.max(0,Math.min(p.w-1,Math.floor((e.clientX-b.left)/b.width*p.w)));
at[p.y]=axis?p.h-1-y:y;at[p.x]=x;draw()};
p.canvas.addEventListener("pointerdown",e=>{p.canvas.setPointerCapture(e.pointerId);point(e)});
p.canvas.addEventListener("pointermove",e=>{if(e.buttons)point(e)});
cell.append(p.canvas,p.label,p.slider);row.append(cell)});
const move=(axis,d)=>{at[axis]=Math.max(0,Math.min(V.shape[axis]-1,at[axis]+d));draw()};
box.append(row);
const tools=E("div","display:flex;flex-wrap:wrap;gap:6px 18px;align-items:center;padding:0 16px 12px");
const range=most-least||1,sliders={};
for(const[key,name,min,max]of[["c","centre",least,most],["w","width",range/255,range]]){
const label=E("label","display:flex;gap:6px;align-items:center"),out=E("span","min-width:64px;font-variant-numeric:tabular-nums");
const input=E("input","width:150px",{type:"range",min,max,step:range/1000,value:win[key]});
input.addEventListener("input",()=>{win[key]=+input.value;draw()});
input.setAttribute("aria-label","window "+name);
label.append("Window "+name,input,out);tools.append(label);sliders[key]={input,out}}
const presets=V.unit==="HU"?[["lung",-600,1500],["mediastinum",50,350],["bone",400,1800]]:[["all",(least+most)/2,range]];
for(const[name,c,w]of presets){const b=E("button","font:inherit;padding:2px 10px;border:1px solid #9aa5b1;border-radius:4px;background:#f5f7fa;color:inherit;cursor:pointer",{type:"button",textContent:name});
b.addEventListener("click",()=>{win.c=c;win.w=w;draw()});tools.append(b)}
const value=E("span","font-variant-numeric:tabular-nums");tools.append(value);box.append(tools);
const text=v=>Math.abs(v)<10&&range<20?v.toFixed(2):String(Math.round(v));
const paint=(p,axis)=>{
const c=p.canvas.getContext("2d"),pic=c.createImageData(p.w,p.h),out=pic.data,sy=stride[p.y],sx=stride[p.x],base=at[axis]*stride[axis];
for(let y=0,o=0;y<p.h;y++){let i=base+(axis?p.h-1-y:y)*sy;
for(let x=0;x<p.w;x++,o+=4,i+=sx){const g=grey[data[i]],m=mask&&mask[i];out[o]=m?(g+255)>>1:g;out[o+1]=m?(g+176)>>1:g;out[o+2]=m?g>>1:g;out[o+3]=255}}
c.putImageData(pic,0,0);
c.fillStyle="rgba(86,180,233,.55)";const y=axis?p.h-1-at[p.y]:at[p.y];
c.fillRect(0,y,p.w,Math.max(.5,p.h/560));c.fillRect(at[p.x],0,Math.max(.5,p.w/560),p.h);
const n=Math.floor((at[axis]+.5)*V.whole[axis]/V.shape[axis])+1;
p.label.textContent=p.n+" "+n+" of "+V.whole[axis];p.slider.value=at[axis];p.canvas.setAttribute("aria-label",p.label.textContent)};
let due=false;
const draw=()=>{if(due)return;due=true;requestAnimationFrame(()=>{due=false;
for(let i=0;i<256;i++)grey[i]=i<L.length?Math.max(0,Math.min(255,Math.round(((L[i]-win.c)/win.w+.5)*255))):0;
P.forEach(paint);
for(const key of["c","w"]){sliders[key].input.value=win[key];sliders[key].out.textContent=text(win[key])+unit}
value.textContent="here "+text(L[data[at[0]*stride[0]+at[1]*stride[1]+at[2]]])+unit;
root.dataset.interactive="yes"})};
img.style.display="none";img.after(box);draw();
}catch(e){console.warn("cellgrad: the still picture stays:",e);img.style.display="block"}})()}`.replace(
  /\n/g,
  '',
);
