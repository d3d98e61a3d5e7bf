// The factor that keeps small gradients above float16's smallest number; PyTorch's GradScaler has the same rules.

import { TrainError } from './errors.js';

const first = 2 ** 16;
const most = 2 ** 24;
const least = 2 ** -10;
/** Good steps after which a larger one is tried. */
const patience = 2000;

export class LossScale {
  value = first;
  private good = 0;

  /**
   * Adapts it after a step.
   * @param finite whether all of the step's gradients were finite numbers
   * @throws TrainError `nan` where they are not, however small the factor is
   */
  adapt(finite: boolean): void {
    if (!finite) {
      this.value /= 2;
      this.good = 0;
      if (this.value < least)
        throw new TrainError(
          'nan',
          `The gradients overflow in float16, however the loss is scaled. Use precision 'float32', or a smaller learning rate.`,
        );
    } else if (++this.good === patience) {
      this.value = Math.min(most, 2 * this.value);
      this.good = 0;
    }
  }
}
