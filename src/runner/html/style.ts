// How the page looks, on the screen and on paper.
export const STYLE = `
:root{--ink:#1f2933;--muted:#52606d;--line:#e4e7eb;--ground:#f7f8fa;--accent:#0b5cad;--bad:#b42318;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}
main{max-width:900px;margin:0 auto;padding:1.5rem 1.25rem 4rem}
h1,h2,h3,h4,h5,h6{line-height:1.25;margin:1.8em 0 .6em;overflow-wrap:anywhere}
h1{font-size:2rem;margin-top:.6em}h2{font-size:1.45rem;padding-bottom:.25em;border-bottom:1px solid var(--line)}
h3{font-size:1.2rem}h4,h5,h6{font-size:1rem}
p,ul,ol,table,blockquote,dl{margin:.8em 0}
a{color:var(--accent)}
img,svg,video{max-width:100%}img{height:auto}
hr{border:0;border-top:1px solid var(--line);margin:2em 0}
blockquote{margin-left:0;padding:.1em 1em;border-left:4px solid var(--line);color:var(--muted)}
.markdown{overflow-wrap:break-word}
code,pre{font-family:var(--mono);font-size:.86rem}
:not(pre)>code{background:var(--ground);border:1px solid var(--line);border-radius:4px;padding:.1em .3em;overflow-wrap:anywhere}
pre{margin:0;line-height:1.5;overflow-x:auto;tab-size:2}
pre.source{background:var(--ground);border:1px solid var(--line);border-radius:6px;padding:.7em .9em;white-space:pre-wrap;overflow-wrap:anywhere}
.markdown pre.source{margin:.8em 0}
.cell.code{margin:1.1em 0 1.4em}
.input{position:relative}
.count{position:absolute;right:100%;top:.85em;margin-right:.5em;font:.75rem/1.4 var(--mono);color:var(--muted);white-space:pre}
summary{cursor:pointer;color:var(--muted);font-size:.9rem}
.output{margin:.7em 0 0}
.output>pre,.output>.html{overflow-x:auto}
.widgets.row{display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start}
.widget{padding:.1em .9em}
pre.text,pre.stream,pre.error{padding:.2em .9em;max-height:40em;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
pre.stderr{background:#fff8eb;border-left:3px solid #e0a100}
pre.error{background:#fef3f2;border-left:3px solid var(--bad);padding:.7em .9em}
.output>img{display:block}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.35em .8em;border-bottom:1px solid var(--line);vertical-align:top}
th:not([align],[style]),td:not([align],[style]){text-align:left}
thead th{border-bottom:2px solid #cbd2d9}
.html td,.html th{white-space:nowrap}
.missing,.outside{font-size:.9em}.missing{color:var(--bad)}
nav{max-width:900px;margin:0 auto;padding:1rem 1.25rem 0;font-size:.9rem;line-height:1.4}
nav ul{list-style:none;margin:.5em 0;padding:0}nav li{margin:.35em 0}
nav a{color:var(--muted);text-decoration:none}nav a:hover{color:var(--accent);text-decoration:underline}
.depth1{font-weight:600}.depth3{padding-left:1em}
pre:focus-visible,a:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
@media(min-width:1180px){
nav{position:fixed;top:0;left:0;bottom:0;width:250px;padding:1.8rem 1rem 1rem 1.5rem;overflow-y:auto}
main{margin-left:calc(max(270px,50vw - 450px));margin-right:1rem}
main:first-child{margin:0 auto}}
@media(max-width:1000px){.count{display:none}}
@media(max-width:600px){main{padding:1rem .9rem 3rem}h1{font-size:1.6rem}h2{font-size:1.3rem}pre.source{padding:.6em .7em}}
@media print{
nav,.count{display:none}body{font-size:10.5pt}main{max-width:none;margin:0;padding:0}
pre,pre.text,pre.stream{white-space:pre-wrap;overflow-wrap:anywhere;max-height:none;overflow:visible}
.output,.output>.html,.scroll{overflow:visible}
h1,h2,h3,h4{break-after:avoid}.output>img,.cellgrad-figure,tr{break-inside:avoid}
a{color:inherit;text-decoration:none}}
.hljs-comment,.hljs-quote{color:#5b6875;font-style:italic}
.hljs-keyword,.hljs-selector-tag,.hljs-literal,.hljs-section,.hljs-doctag{color:#8250a8}
.hljs-string,.hljs-regexp,.hljs-addition,.hljs-meta .hljs-string{color:#0a6640}
.hljs-number,.hljs-symbol,.hljs-bullet,.hljs-attr,.hljs-variable.constant_{color:#9a4a00}
.hljs-title,.hljs-title.function_,.hljs-name{color:#0b5cad}
.hljs-type,.hljs-title.class_,.hljs-built_in{color:#0f6674}
.hljs-meta,.hljs-deletion{color:#a3322a}
.hljs-emphasis{font-style:italic}.hljs-strong{font-weight:700}
.ansi-black-fg{color:#1f2933}.ansi-red-fg{color:#b42318}.ansi-green-fg{color:#0a6640}.ansi-yellow-fg{color:#8a5a00}
.ansi-blue-fg{color:#0b5cad}.ansi-magenta-fg{color:#8250a8}.ansi-cyan-fg{color:#0f6674}.ansi-white-fg{color:#6b7782}
.ansi-bright-black-fg{color:#5b6875}.ansi-bright-red-fg{color:#c8372d}.ansi-bright-green-fg{color:#12794e}
.ansi-bright-yellow-fg{color:#8f6400}.ansi-bright-blue-fg{color:#1769c2}.ansi-bright-magenta-fg{color:#9560bd}
.ansi-bright-cyan-fg{color:#157685}.ansi-bright-white-fg{color:#52606d}
.ansi-black-bg{background:#d5dae0}.ansi-red-bg{background:#fbd5d1}.ansi-green-bg{background:#cdeedd}
.ansi-yellow-bg{background:#fbe6b3}.ansi-blue-bg{background:#d3e5f8}.ansi-magenta-bg{background:#ead9f5}
.ansi-cyan-bg{background:#cfecf0}.ansi-white-bg{background:#eef0f3}
`;
