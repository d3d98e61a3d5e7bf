// The part of plotly's figure format that our figures use, and that the static renderer knows.

export interface ScatterTrace {
  type: 'scatter';
  mode: 'lines' | 'markers' | 'lines+markers';
  x: Array<number | null>;
  y: Array<number | null>;
  name?: string;
  line?: { color: string; width: number; dash?: 'solid' | 'dot' | 'dash' };
  marker?: { color: string; size: number };
  xaxis?: string;
  yaxis?: string;
  showlegend?: boolean;
  hoverinfo?: 'skip';
  hovertemplate?: string;
}

export interface BarTrace {
  type: 'bar';
  x: number[];
  y: number[];
  name?: string;
  marker: { color: string };
  text?: string[];
  textposition?: 'outside';
  cliponaxis?: boolean;
  textfont?: { size: number; color: string };
  hovertemplate?: string;
  customdata?: string[];
  xaxis?: string;
  yaxis?: string;
  showlegend?: boolean;
}

export interface HeatmapTrace {
  type: 'heatmap';
  z: Array<Array<number | null>>;
  x: number[];
  y: number[];
  zmin: number;
  zmax: number;
  colorscale: Array<[number, string]>;
  showscale: false;
  xgap?: number;
  ygap?: number;
  text?: string[][];
  hovertemplate?: string;
  xaxis?: string;
  yaxis?: string;
  name?: string;
  showlegend?: boolean;
}

export type Trace = ScatterTrace | BarTrace | HeatmapTrace;

export interface Axis {
  title?: { text: string; font?: { size: number }; standoff?: number };
  domain?: [number, number];
  anchor?: string;
  range?: [number, number];
  rangemode?: 'tozero';
  visible?: boolean;
  fixedrange?: boolean;
  tickmode?: 'array' | 'linear';
  tickvals?: number[];
  ticktext?: string[];
  tick0?: number;
  dtick?: number;
  tickangle?: number;
  showgrid?: boolean;
  gridcolor?: string;
  linecolor?: string;
  showline?: boolean;
  zeroline?: boolean;
  ticks?: 'outside';
  ticklen?: number;
  tickcolor?: string;
  scaleanchor?: string;
  constrain?: 'domain';
  automargin?: boolean;
}

export interface Annotation {
  text: string;
  x: number;
  y: number;
  xref: string;
  yref: string;
  xanchor: 'left' | 'center' | 'right';
  yanchor: 'top' | 'middle' | 'bottom';
  align?: 'left' | 'center';
  showarrow: false;
  font?: { size?: number; color?: string };
  hovertext?: string;
  captureevents?: boolean;
}

export interface LayoutImage {
  source: string;
  x: number;
  y: number;
  sizex: number;
  sizey: number;
  xref: string;
  yref: string;
  xanchor: 'left';
  yanchor: 'top';
  sizing: 'contain' | 'stretch';
  layer: 'above' | 'below';
}

export interface LineShape {
  type: 'line';
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  xref: string;
  yref: string;
  line: { color: string; width: number; dash?: 'solid' | 'dot' | 'dash' };
}

export interface Layout {
  title: {
    text: string;
    x: number;
    xref: 'container';
    xanchor: 'left';
    y: number;
    yref: 'container';
    yanchor: 'top';
    pad: { l: number; t: number };
    font: { size: number; color: string; weight: number };
  };
  font: { family: string; size: number; color: string };
  margin: { l: number; r: number; t: number; b: number };
  width: number;
  height: number;
  paper_bgcolor: string;
  plot_bgcolor: string;
  showlegend: boolean;
  legend?: {
    orientation: 'h' | 'v';
    x: number;
    xanchor: 'left';
    y: number;
    yanchor: 'top' | 'bottom';
    font?: { size: number };
  };
  barmode?: 'group';
  bargap?: number;
  hovermode?: 'closest' | 'x unified' | false;
  dragmode?: 'zoom' | 'pan' | false;
  annotations?: Annotation[];
  images?: LayoutImage[];
  shapes?: LineShape[];
  [axis: `xaxis${string}`]: Axis;
  [axis: `yaxis${string}`]: Axis;
}
