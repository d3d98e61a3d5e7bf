// Layout and styles: small models of their own, which widgets refer to.
import { local, optional, text, type Trait } from './traits.js';

const css = (...names: string[]): Record<string, Trait<string | null, string | null | undefined>> =>
  Object.fromEntries(names.map((name) => [name, optional(text())]));
type Css<N extends string> = Record<N, Trait<string | null, string | null | undefined>>;

const LAYOUT_NAMES = [
  'alignContent',
  'alignItems',
  'alignSelf',
  'borderBottom',
  'borderLeft',
  'borderRight',
  'borderTop',
  'bottom',
  'display',
  'flex',
  'flexFlow',
  'gridArea',
  'gridAutoColumns',
  'gridAutoFlow',
  'gridAutoRows',
  'gridColumn',
  'gridGap',
  'gridRow',
  'gridTemplateAreas',
  'gridTemplateColumns',
  'gridTemplateRows',
  'height',
  'justifyContent',
  'justifyItems',
  'left',
  'margin',
  'maxHeight',
  'maxWidth',
  'minHeight',
  'minWidth',
  'objectFit',
  'objectPosition',
  'order',
  'overflow',
  'padding',
  'right',
  'top',
  'visibility',
  'width',
] as const;

/** CSS properties, each a string as in CSS. */
export const LAYOUT = {
  ...(css(...LAYOUT_NAMES) as Css<(typeof LAYOUT_NAMES)[number]>),
  /** All four borders. */
  border: local(optional(text())),
};

const description = {
  /** The width of the description, such as `initial` for as wide as it is. */
  descriptionWidth: text(),
};
const colours = css('background', 'fontSize', 'textColor') as Css<'background' | 'fontSize' | 'textColor'>;
const FONT = [
  'fontFamily',
  'fontSize',
  'fontStyle',
  'fontVariant',
  'fontWeight',
  'textColor',
  'textDecoration',
];
const font = css(...FONT) as Css<
  'fontFamily' | 'fontSize' | 'fontStyle' | 'fontVariant' | 'fontWeight' | 'textColor' | 'textDecoration'
>;

export const STYLES = {
  DescriptionStyle: description,
  SliderStyle: { ...description, handleColor: optional(text()) },
  ProgressStyle: { ...description, barColor: optional(text()) },
  ButtonStyle: { ...font, buttonColor: optional(text()) },
  ToggleButtonStyle: { ...description, ...font },
  ToggleButtonsStyle: { ...description, buttonWidth: text(), fontWeight: text() },
  CheckboxStyle: { ...description, background: optional(text()) },
  TextStyle: { ...description, ...colours },
  HTMLStyle: { ...description, ...colours },
  HTMLMathStyle: { ...description, ...colours },
  LabelStyle: { ...description, ...font, background: optional(text()) },
};
