/** A widget was asked for, or told, something that it can't be. */
export class WidgetError extends Error {
  override readonly name = 'WidgetError';
  constructor(
    readonly code: 'trait' | 'value' | 'argument' | 'closed' | 'protocol',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
