package candor.probe;

import candor.BadInput;
import candor.data.EncodedRow;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * Makes a {@link Direction} from replies of two kinds.
 *
 * <p>Which layer to go by is told by replies that the direction has not seen: the direction of the even ones is held against
 * the odd, and the other way round. A layer's separation is the mean of both folds' d′, the difference of the two kinds' mean
 * projections by the root of the mean of their variances (Green and Swets 1966); in as many dimensions as a stream has, replies
 * that were seen would always be told apart.
 */
public final class Contrast {
    /** The least replies of a kind: two in each fold, for a variance. */
    public static final int LEAST = 4;

    /** What stands for replies that are told apart without any variance. */
    private static final double MOST = 1e6;

    private Contrast() {}

    /**
     * The direction from dishonest replies to honest ones. The means of all rows are held in memory: rows × layers × width in
     * single precision.
     *
     * @param mark      of the model that the reader reads ({@link candor.model.ModelMark})
     * @param honest    at least {@link #LEAST}; where both kinds have the same prompts, in the same order
     * @param dishonest the same
     * @throws BadInput where an activation is not a finite number
     */
    public static Direction of(String mark, ReplyReader reader, List<EncodedRow> honest, List<EncodedRow> dishonest) {
        return of(mark, reader, honest, dishonest, _ -> {});
    }

    /**
     * The same.
     *
     * @param read told how many replies of both kinds are read
     */
    public static Direction of(
            String mark, ReplyReader reader, List<EncodedRow> honest, List<EncodedRow> dishonest, IntConsumer read) {
        if (honest.size() < LEAST || dishonest.size() < LEAST) {
            throw new IllegalArgumentException(honest.size() + " honest and " + dishonest.size()
                    + " dishonest replies, at least " + LEAST + " of each are wanted");
        }
        return of(
                mark, means(reader, honest, read), means(reader, dishonest, done -> read.accept(honest.size() + done)));
    }

    private static List<float[][]> means(ReplyReader reader, List<EncodedRow> rows, IntConsumer read) {
        List<float[][]> means = new ArrayList<>();
        reader.means(rows, _ -> true, (_, reply) -> {
            float[][] single = new float[reply.means().length][];
            for (int layer = 0; layer < single.length; layer++) {
                double[] mean = reply.means()[layer];
                single[layer] = new float[mean.length];
                for (int c = 0; c < mean.length; c++) {
                    single[layer][c] = (float) mean[c];
                }
            }
            means.add(single);
            read.accept(means.size());
        });
        return means;
    }

    private static Direction of(String mark, List<float[][]> honest, List<float[][]> dishonest) {
        requireFinite(honest);
        requireFinite(dishonest);
        int layers = honest.getFirst().length;
        float[][] vectors = new float[layers][];
        double[] separations = new double[layers];
        int best = 0;
        for (int layer = 0; layer < layers; layer++) {
            double[] whole = difference(layer, honest, dishonest);
            vectors[layer] = new float[whole.length];
            for (int c = 0; c < whole.length; c++) {
                vectors[layer][c] = (float) whole[c];
            }
            separations[layer] = (unseen(layer, honest, dishonest, 0) + unseen(layer, honest, dishonest, 1)) / 2;
            best = separations[layer] > separations[best] ? layer : best;
        }
        return new Direction(mark, best, vectors, separations, honest.size(), dishonest.size());
    }

    private static void requireFinite(List<float[][]> all) {
        for (float[][] layers : all) {
            for (int layer = 0; layer < layers.length; layer++) {
                for (float value : layers[layer]) {
                    if (!Float.isFinite(value)) {
                        throw new BadInput(
                                "the mean activation of a reply behind layer " + layer + " holds the number " + value
                                        + ": the model's weights are damaged, or the form that they are packed in does"
                                        + " not hold them",
                                "take another {model}");
                    }
                }
            }
        }
    }

    /** d′ of the replies of one parity along the direction of the others. */
    private static double unseen(int layer, List<float[][]> honest, List<float[][]> dishonest, int parity) {
        double[] seen = difference(layer, fold(honest, 1 - parity), fold(dishonest, 1 - parity));
        double[] up = projections(layer, fold(honest, parity), seen);
        double[] down = projections(layer, fold(dishonest, parity), seen);
        double apart = mean(up) - mean(down);
        double spread = Math.sqrt((variance(up) + variance(down)) / 2);
        if (apart == 0) {
            return 0;
        }
        return spread == 0 ? Math.copySign(MOST, apart) : Math.clamp(apart / spread, -MOST, MOST);
    }

    private static List<float[][]> fold(List<float[][]> all, int parity) {
        List<float[][]> fold = new ArrayList<>();
        for (int i = parity; i < all.size(); i += 2) {
            fold.add(all.get(i));
        }
        return fold;
    }

    private static double[] difference(int layer, List<float[][]> honest, List<float[][]> dishonest) {
        double[] up = mean(layer, honest);
        double[] down = mean(layer, dishonest);
        for (int c = 0; c < up.length; c++) {
            up[c] -= down[c];
        }
        return up;
    }

    private static double[] mean(int layer, List<float[][]> all) {
        double[] mean = new double[all.getFirst()[layer].length];
        for (float[][] each : all) {
            for (int c = 0; c < mean.length; c++) {
                mean[c] += each[layer][c];
            }
        }
        for (int c = 0; c < mean.length; c++) {
            mean[c] /= all.size();
        }
        return mean;
    }

    private static double[] projections(int layer, List<float[][]> all, double[] along) {
        double[] projections = new double[all.size()];
        for (int i = 0; i < projections.length; i++) {
            for (int c = 0; c < along.length; c++) {
                projections[i] += along[c] * all.get(i)[layer][c];
            }
        }
        return projections;
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double variance(double[] values) {
        double mean = mean(values);
        double sum = 0;
        for (double value : values) {
            sum += (value - mean) * (value - mean);
        }
        return sum / (values.length - 1);
    }
}
