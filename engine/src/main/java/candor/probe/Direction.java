package candor.probe;

import candor.BadInput;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.ModelMark;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A direction of honesty in a model's residual stream: behind each layer, the mean over honest replies less the mean over
 * dishonest ones (difference of means, as persona vectors: Chen et al. 2025, section 2.2). It belongs to the model that it was
 * read from, and to no other. {@link DirectionFile} keeps it.
 */
public final class Direction {
    private final String mark;
    private final int layer;
    private final float[][] vectors;
    private final double[] separations;
    private final int honest;
    private final int dishonest;

    /**
     * A direction; the arrays are its own from here on.
     *
     * @param mark        of the model ({@link ModelMark})
     * @param layer       the one to go by where one is wanted, from 0
     * @param vectors     of each layer, C values
     * @param separations of each layer, see {@link Contrast}
     * @param honest      replies that the first means are of
     * @param dishonest   replies that the second are of
     */
    Direction(String mark, int layer, float[][] vectors, double[] separations, int honest, int dishonest) {
        this.mark = mark;
        this.layer = layer;
        this.vectors = vectors;
        this.separations = separations;
        this.honest = honest;
        this.dishonest = dishonest;
    }

    /** What tells its model ({@link ModelMark}). */
    public String mark() {
        return mark;
    }

    /** The layer to go by where one is wanted, from 0: that whose projections tell unseen replies apart best. */
    public int layer() {
        return layer;
    }

    /** How many layers there are. */
    public int layers() {
        return vectors.length;
    }

    /** C: how wide the stream is. */
    public int width() {
        return vectors[0].length;
    }

    /** C values: towards honesty, as long as the means are apart. */
    public float[] vector(int at) {
        return vectors[at].clone();
    }

    /** How far a layer's projections of honest and dishonest replies are apart, see {@link Contrast}. */
    public double separation(int at) {
        return separations[at];
    }

    /** How many honest replies it was made from. */
    public int honest() {
        return honest;
    }

    /** How many dishonest replies it was made from. */
    public int dishonest() {
        return dishonest;
    }

    /** The length of a layer's vector: the Euclidean norm. */
    public double norm(int at) {
        double sum = 0;
        for (float value : vectors[at]) {
            sum += (double) value * value;
        }
        return Math.sqrt(sum);
    }

    /**
     * How far along a layer's direction a point of the stream lies: its product with the vector of length one. More is more
     * honest.
     *
     * @param mean C values
     */
    public double project(int at, double[] mean) {
        float[] vector = vectors[at];
        double sum = 0;
        for (int c = 0; c < vector.length; c++) {
            sum += vector[c] * mean[c];
        }
        double norm = norm(at);
        return norm == 0 ? 0 : sum / norm;
    }

    /** The same of each layer. */
    public double[] project(double[][] means) {
        double[] projections = new double[means.length];
        Arrays.setAll(projections, at -> project(at, means[at]));
        return projections;
    }

    /**
     * Refuses another model's direction.
     *
     * @param file as messages call the direction
     * @throws BadInput names both
     */
    public Direction requireOf(ModelFolder model, Path file) {
        ModelConfig config = model.config();
        if (config.layers() != layers() || config.hiddenSize() != width()) {
            throw other(
                    file,
                    model,
                    " (it has " + layers() + " layers of width " + width() + ", the model " + config.layers() + " of "
                            + config.hiddenSize() + ")");
        }
        if (!ModelMark.of(model).equals(mark)) {
            throw other(file, model, " (same shape, other weights)");
        }
        return this;
    }

    private static BadInput other(Path file, ModelFolder model, String how) {
        return new BadInput(file + ": is a direction of another model than " + model.path() + how
                + "; make one of this model: candor direction");
    }
}
