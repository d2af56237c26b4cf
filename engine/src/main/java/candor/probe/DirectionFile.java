package candor.probe;

import candor.BadInput;
import candor.io.JsonFile;
import candor.model.Safetensors;
import candor.model.SafetensorsWriter;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A direction as a safetensors file: {@code direction} (layers, C) and {@code separation} (layers), float32, and under
 * {@code __metadata__} which model it is of, which layer to go by, and what it was made from. The same direction is the same
 * bytes.
 */
public final class DirectionFile {
    private static final String VECTORS = "direction";
    private static final String SEPARATIONS = "separation";
    private static final String KIND = "candor";
    private static final String THIS_KIND = "direction 1";
    private static final String MODEL = "candor.model";
    private static final String LAYER = "candor.layer";
    private static final String HONEST = "candor.honest";
    private static final String DISHONEST = "candor.dishonest";
    private static final int MOST_LAYERS = 4096;
    private static final int MOST_WIDTH = 1 << 20;
    private static final String AGAIN = "; make it again: candor direction";

    private DirectionFile() {}

    /** Writes a file, whole or not at all. */
    public static void write(Direction direction, Path file) {
        int layers = direction.layers();
        Map<String, String> metadata = Map.of(
                KIND,
                THIS_KIND,
                MODEL,
                direction.mark(),
                LAYER,
                String.valueOf(direction.layer()),
                HONEST,
                String.valueOf(direction.honest()),
                DISHONEST,
                String.valueOf(direction.dishonest()));
        List<SafetensorsWriter.Spec> specs = List.of(
                SafetensorsWriter.Spec.matrix(VECTORS, DType.F32, layers, direction.width()),
                SafetensorsWriter.Spec.vector(SEPARATIONS, DType.F32, layers));
        try (Arena arena = Arena.ofConfined();
                SafetensorsWriter out = new SafetensorsWriter(file, specs, metadata)) {
            Tensor vectors = Tensor.allocate(arena, DType.F32, layers, direction.width());
            Tensor separations = Tensor.allocate(arena, DType.F32, 1, layers);
            for (int at = 0; at < layers; at++) {
                float[] vector = direction.vector(at);
                for (int c = 0; c < vector.length; c++) {
                    vectors.set(at, c, vector[c]);
                }
                separations.set(0, at, (float) direction.separation(at));
            }
            for (SafetensorsWriter.Item item : out.order()) {
                out.write(item.name().equals(VECTORS) ? vectors : separations);
            }
            out.commit();
        }
    }

    /**
     * Reads a file.
     *
     * @throws BadInput where it is none, or not a whole and sound one
     */
    public static Direction read(Path file) {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors stored = Safetensors.open(file, arena);
            Map<String, String> metadata = stored.metadata();
            if (!THIS_KIND.equals(metadata.get(KIND)) || !stored.names().equals(Set.of(VECTORS, SEPARATIONS))) {
                throw new BadInput(file + ": is not a direction of honesty" + AGAIN);
            }
            Tensor vectors = stored.tensor(VECTORS);
            Tensor separations = stored.tensor(SEPARATIONS);
            if (vectors.rows() < 1
                    || vectors.rows() > MOST_LAYERS
                    || vectors.cols() < 1
                    || vectors.cols() > MOST_WIDTH
                    || separations.rows() != 1
                    || separations.cols() != vectors.rows()) {
                throw new BadInput(file + ": has vectors of the shape " + vectors.shape() + " and separations of "
                        + separations.shape() + AGAIN);
            }
            float[][] rows = new float[vectors.rows()][vectors.cols()];
            double[] apart = new double[rows.length];
            for (int at = 0; at < rows.length; at++) {
                apart[at] = finite(separations.get(0, at), file);
                for (int c = 0; c < rows[at].length; c++) {
                    rows[at][c] = (float) finite(vectors.get(at, c), file);
                }
            }
            return new Direction(
                    metadata.getOrDefault(MODEL, ""),
                    count(metadata, LAYER, rows.length - 1, file),
                    rows,
                    apart,
                    count(metadata, HONEST, Integer.MAX_VALUE, file),
                    count(metadata, DISHONEST, Integer.MAX_VALUE, file));
        }
    }

    private static double finite(double value, Path file) {
        if (!Double.isFinite(value)) {
            throw new BadInput(file + ": holds the number " + value + AGAIN);
        }
        return value;
    }

    private static int count(Map<String, String> metadata, String key, int most, Path file) {
        String text = metadata.getOrDefault(key, "");
        try {
            int count = Integer.parseInt(text);
            if (count >= 0 && count <= most) {
                return count;
            }
        } catch (NumberFormatException e) {
            // The same answer as for a number out of range.
        }
        throw new BadInput(file + ": '" + key + "' must be a whole number from 0 to " + most + ", not '"
                + JsonFile.shorten(text) + "'" + AGAIN);
    }
}
