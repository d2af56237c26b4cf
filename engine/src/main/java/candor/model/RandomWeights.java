package candor.model;

import candor.model.Architecture.Stored;
import candor.ops.Philox;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/** Makes random weights, each element from its own counter, so that the order of filling does not matter. */
final class RandomWeights {
    private static final double DEVIATION = 0.02;

    /** A sum of four 16-bit numbers has a mean of 2·65535 and a variance of 4·(65536² − 1)/12. */
    private static final int MEAN = 2 * 65535;

    private static final float SCALE = (float) (DEVIATION / Math.sqrt(4 * (65536.0 * 65536.0 - 1) / 12));

    private RandomWeights() {}

    static Weights make(ModelConfig config, long seed, DType dtype) {
        if (dtype != DType.F32 && dtype != DType.BF16 && dtype != DType.F16) {
            throw new IllegalArgumentException("no weights in " + dtype);
        }
        Arena arena = Arena.ofShared();
        int[] ordinal = {0};
        BiFunction<Stored, Arena, Tensor> source = (stored, memory) -> {
            Tensor tensor = Tensor.allocate(memory, stored.vector() ? DType.F32 : dtype, stored.rows(), stored.cols());
            int tensorNumber = ordinal[0]++;
            if (stored.norm()) {
                IntStream.range(0, tensor.cols()).forEach(c -> tensor.set(0, c, 1));
            } else {
                IntStream.range(0, tensor.rows()).parallel().forEach(row -> fill(tensor, row, seed, tensorNumber));
            }
            return tensor;
        };
        return WeightsLoader.assemble(
                config,
                arena,
                stored -> config.packs(stored)
                        ? packed(config, stored, source, arena)
                        : StoredWeight.of(source.apply(stored, arena)),
                stored -> source.apply(stored, arena));
    }

    /** Unpacked, there is one at a time. */
    private static StoredWeight packed(
            ModelConfig config, Stored stored, BiFunction<Stored, Arena, Tensor> source, Arena arena) {
        try (Arena passing = Arena.ofShared()) {
            return config.packing().form().pack(StoredWeight.of(source.apply(stored, passing)), arena);
        }
    }

    private static void fill(Tensor tensor, int row, long seed, int tensorNumber) {
        int[] words = new int[4];
        for (int c = 0; c < tensor.cols(); c++) {
            if (c % 2 == 0) {
                Philox.words(words, seed, c / 2, row, tensorNumber, 0);
            }
            int at = c % 2 * 2;
            int sum = (words[at] & 0xffff) + (words[at] >>> 16) + (words[at + 1] & 0xffff) + (words[at + 1] >>> 16);
            put(tensor, tensor.offset(row, c), (sum - MEAN) * SCALE);
        }
    }

    private static void put(Tensor tensor, long offset, float value) {
        switch (tensor.dtype()) {
            case BF16 -> tensor.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, DType.floatToBf16(value));
            case F16 -> tensor.data().set(ValueLayout.JAVA_SHORT_UNALIGNED, offset, Float.floatToFloat16(value));
            default -> tensor.data().set(ValueLayout.JAVA_FLOAT_UNALIGNED, offset, value);
        }
    }
}
