package candor.probe;

import candor.BadInput;
import candor.data.read.Fingerprint;
import candor.model.ModelFolder;
import candor.model.Weights;
import candor.ops.weight.PackedForm;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Steering a model away from dishonesty while it generates (activation addition; persona vectors, Chen et al. 2025, section 3.2):
 * behind the layer that a direction goes by, h ← h + S · v at every token, v being the direction, from dishonest to honest
 * replies, as long as their means are apart. That is to subtract S times the way to dishonesty.
 *
 * @param file     of the direction ({@link DirectionFile})
 * @param strength S; below zero the other way
 */
public record Steering(Path file, double strength) {
    /** How it is asked for. */
    public static final String LABEL = "FILE[:S]";

    private static final double MOST = 1000;
    private static final Pattern WITH_STRENGTH = Pattern.compile("(.+):([-+]?[0-9]*\\.?[0-9]+)");

    public Steering {
        if (!(Math.abs(strength) <= MOST)) {
            throw new BadInput("a strength of " + strength + " for " + file + ": give one from -1000 to 1000");
        }
    }

    /** What a text asks for: a file, and behind a colon how strongly, 1 where it does not say. */
    public static Steering of(String text) {
        Matcher parts = WITH_STRENGTH.matcher(text);
        return parts.matches()
                ? new Steering(Path.of(parts.group(1)), Double.parseDouble(parts.group(2)))
                : new Steering(Path.of(text), 1);
    }

    /**
     * What is added, and where.
     *
     * @param layer  behind which, from 0
     * @param values C of them
     */
    public record Shift(int layer, float[] values) {}

    /**
     * Reads the direction.
     *
     * @throws BadInput where it is none, or another model's
     */
    public Shift shift(ModelFolder model) {
        Direction direction = DirectionFile.read(file).requireOf(model, file);
        float[] values = direction.vector(direction.layer());
        for (int c = 0; c < values.length; c++) {
            values[c] = (float) (strength * values[c]);
        }
        return new Shift(direction.layer(), values);
    }

    /** What results follow from: the file's content and the strength. */
    public String identity() {
        return Fingerprint.of(file).sha256() + " " + strength;
    }

    /**
     * The weights of a model, steered or not.
     *
     * @param steering null for not at all
     * @param form     see {@link Weights#load(Path, PackedForm)}
     */
    public static Weights load(Path model, PackedForm form, Steering steering) {
        if (steering == null) {
            return Weights.load(model, form);
        }
        Shift shift = steering.shift(ModelFolder.at(model));
        return Weights.load(model, form).plus(shift.layer(), shift.values());
    }
}
