// A table as HTML: where scripts run, a click on a head sorts; where they don't, it is still a table.
import { xml } from '../markup.js';
import type { Cell, View, ViewColumn } from './view.js';

export function tableHtml({ index, columns, gap, notice }: View): string {
  const head = [index, ...columns].map(headHtml).join('');
  const body = index.cells.map((name, row) => {
    const cells = columns.map((column) => cellHtml(column.cells[row], column)).join('');
    return `<tr${row === gap ? ' class="gap"' : ''}><th>${xml(name.text)}</th>${cells}</tr>`;
  });
  return (
    `<div class="cellgrad-table"><style>${STYLE}</style>` +
    `<div class="scroll"><table class="dataframe"><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>` +
    `<p>${xml(notice)}</p><script>(${SORT})(document.currentScript)</script></div>`
  );
}

const headHtml = ({ name, numeric }: ViewColumn): string =>
  `<th${numeric ? ' class="n"' : ''}>${xml(name)}</th>`;

function cellHtml({ text, missing }: Cell, { numeric }: ViewColumn): string {
  const kind = [numeric && 'n', missing && 'missing'].filter(Boolean).join(' ');
  return `<td${kind && ` class="${kind}"`}>${xml(text)}</td>`;
}

// The colours are those of JupyterLab's or VS Code's theme, or follow from the page's own. Rules of the page that
// are as particular as these come first, so each names its parent twice.
const own = '.cellgrad-table.cellgrad-table';
const STYLE = `
${own} .scroll{max-height:28em;overflow:auto}
${own} table{table-layout:auto;border-collapse:separate;border-spacing:0;font-variant-numeric:tabular-nums;margin:0}
${own} th,${own} td{text-align:left;white-space:nowrap;vertical-align:top;padding:.25em .7em;max-width:32em;overflow:hidden;text-overflow:ellipsis;border-bottom:1px solid rgba(128,128,128,.25)}
${own} .n{text-align:right}
${own} tbody th{font-weight:normal;opacity:.7}
${own} td.missing{color:inherit;font-size:inherit;font-style:italic;opacity:.6}
${own} thead th{position:sticky;top:0;z-index:1;font-weight:bold;border-bottom:2px solid rgba(128,128,128,.5);background:var(--jp-layout-color0,var(--vscode-editor-background,Canvas))}
${own} thead th[tabindex]{cursor:pointer;user-select:none}
${own} thead th[aria-sort]::after{content:" ↓"}
${own} thead th[aria-sort=ascending]::after{content:" ↑"}
${own} p{margin:.4em 0 0;opacity:.75;font-size:.9em}`.replace(/\n/g, '');

// Runs in the page. Sorts the rows that are shown: up, down, and as they were; what is missing comes last.
const SORT = `(s)=>{const box=s&&s.parentElement,table=box&&box.querySelector("table");if(!table)return;
const body=table.tBodies[0],rows=[...body.rows],heads=[...table.tHead.rows[0].cells];
const text=(r,c)=>r.cells[c].textContent,less=new Intl.Collator(undefined,{numeric:true}).compare;
const missing=(r,c)=>r.cells[c].classList.contains("missing");
const sort=(head,c)=>{const was=head.getAttribute("aria-sort");
for(const h of heads)h.removeAttribute("aria-sort");
const way=was==="ascending"?"descending":was?"":"ascending";
if(!way){body.append(...rows);return}
head.setAttribute("aria-sort",way);const sign=way==="ascending"?1:-1,number=head.classList.contains("n");
const value=(r)=>Number(text(r,c).replaceAll(",",""));
const of=(a,b)=>number?value(a)-value(b)||0:less(text(a,c),text(b,c));
body.append(...rows.filter(r=>!r.classList.contains("gap")).sort((a,b)=>missing(a,c)-missing(b,c)||sign*of(a,b)));
for(const r of rows)if(r.classList.contains("gap"))r.remove()};
heads.forEach((head,c)=>{if(head.textContent==="…")return;
head.tabIndex=0;head.title="Sort"+(body.querySelector(".gap")?" the rows that are shown":"");
head.onclick=()=>sort(head,c);
head.onkeydown=e=>{if(e.key==="Enter"||e.key===" "){e.preventDefault();e.stopPropagation();sort(head,c)}}})}`.replace(
  /\n/g,
  '',
);
