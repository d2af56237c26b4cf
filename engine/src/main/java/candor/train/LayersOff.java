package candor.train;

import candor.train.distributed.GradientSum;
import java.util.List;
import java.util.function.IntConsumer;

/** Sends the gradients of layers off as they are done, the last layer first, those of all runs: in every process in this order. */
final class LayersOff implements IntConsumer {
    private final List<GradientSum> sums;
    /** Layers that have not been sent off. */
    private int left;

    LayersOff(int layers, List<GradientSum> sums) {
        this.left = layers;
        this.sums = sums;
    }

    @Override
    public void accept(int layer) {
        while (left > layer) {
            left--;
            for (GradientSum sum : sums) {
                sum.sendOff(left);
            }
        }
    }

    /** Those that no pass was there for. */
    void rest() {
        accept(0);
    }
}
