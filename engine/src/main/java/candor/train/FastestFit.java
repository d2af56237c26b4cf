package candor.train;

import candor.model.LayerWork;
import candor.model.Recomputation;
import candor.model.Recompute;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Chooses what each layer computes again: of all that fits, what takes the least time. All layers are of one shape, so that what
 * fits is a matter of how many do what, and time alone asks which. The choice is exact: for every number of layers in full it
 * takes the fewest selective ones that fit, and of these the quickest.
 */
final class FastestFit {
    /** What a byte on its way to the host or back costs, in bytes of the device's own memory: 4.8 TB/s over 64 GB/s, 1 TB/s over 32. */
    private static final double BUS = 64;

    private final double[] selective;
    private final double[] full;
    private final double away;
    private final boolean inputsOnHost;

    /** Layers in the order in which they are taken. */
    private final List<Integer> order;

    /**
     * @param selective    work of each layer, where it is computed again selectively
     * @param full         the same in full
     * @param balance      multiplications and additions that take as long as a byte of memory
     * @param inputBytes   of a layer's input
     * @param inputsOnHost whether the inputs of layers in full wait on the host
     */
    FastestFit(List<LayerWork> selective, List<LayerWork> full, double balance, long inputBytes, boolean inputsOnHost) {
        this.selective = costs(selective, balance);
        this.full = costs(full, balance);
        this.inputsOnHost = inputsOnHost;
        away = inputsOnHost ? 2 * inputBytes * BUS * balance : 0;
        order = order();
    }

    private static double[] costs(List<LayerWork> works, double balance) {
        return works.stream()
                .mapToDouble(work -> work.flops() + balance * work.bytes())
                .toArray();
    }

    /** The highest layer first, since it finds its tensors as it left them; then what is quickest, from the top. */
    private List<Integer> order() {
        int layers = full.length;
        List<Integer> all = new ArrayList<>(List.of(layers - 1));
        IntStream.range(0, layers - 1)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer layer) -> full[layer])
                        .thenComparing(Comparator.reverseOrder()))
                .forEach(all::add);
        return all;
    }

    /** What is chosen; nothing where nothing fits. */
    Optional<Recomputation> choose(Predicate<Recomputation> fits) {
        int layers = full.length;
        Recomputation best = null;
        for (int many = 0; many <= layers; many++) {
            int fewest = fewest(many, layers - many, fits);
            if (fewest < 0) {
                continue;
            }
            Recomputation next = placed(many, fewest);
            if (best == null || cost(next) < cost(best)) {
                best = next;
            }
            if (many == 0 && fewest == 0) {
                break; // nothing is quicker than nothing
            }
        }
        return Optional.ofNullable(best);
    }

    /** The fewest selective layers that fit beside so many in full, since each takes less memory; −1 where none do. */
    private int fewest(int many, int most, Predicate<Recomputation> fits) {
        if (!fits.test(placed(many, most))) {
            return -1;
        }
        int least = 0;
        int enough = most;
        while (least < enough) {
            int middle = (least + enough) / 2;
            if (fits.test(placed(many, middle))) {
                enough = middle;
            } else {
                least = middle + 1;
            }
        }
        return enough;
    }

    /** So many layers in full and so many selectively, where it costs the least. */
    Recomputation placed(int many, int some) {
        Recompute[] layers = new Recompute[full.length];
        for (int i = 0; i < layers.length; i++) {
            layers[order.get(i)] = i < many ? Recompute.FULL : i < many + some ? Recompute.SELECTIVE : Recompute.NONE;
        }
        return new Recomputation(List.of(layers), inputsOnHost);
    }

    /** Time, in multiplications and additions. */
    double cost(Recomputation recomputation) {
        List<Recompute> left = recomputation.left();
        double sum = 0;
        for (int layer = 0; layer < left.size(); layer++) {
            sum += switch (left.get(layer)) {
                case NONE -> 0;
                case SELECTIVE -> selective[layer];
                case FULL -> full[layer] + away;
            };
        }
        return sum;
    }
}
