package candor.ops.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import candor.BadInput;
import candor.GoldenFolders;
import candor.model.Safetensors;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every byte against what bitsandbytes and PyTorch make of the same matrices. */
class PackedWeightTest {
    private final Arena arena = Arena.ofShared();
    private final Safetensors matrices = open("matrices");
    private final Safetensors tables = open("tables");

    private Safetensors open(String name) {
        return Safetensors.open(GoldenFolders.folder("packed").resolve(name + ".safetensors"), arena);
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private float[] floats(Safetensors file, String name) {
        return file.bytes(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private byte[] bytes(String name) {
        return bytes(matrices.bytes(name));
    }

    private static byte[] bytes(MemorySegment memory) {
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }

    private StoredWeight weight(String matrix) {
        return StoredWeight.of(matrices.tensor(matrix + ".weight"));
    }

    /** Every element, through pieces that begin and end anywhere. */
    private static void requireValues(StoredWeight weight, Tensor want) {
        float[] piece = new float[weight.cols() + 2];
        for (int row = 0; row < weight.rows(); row++) {
            for (int from = 0, n = 1; from < weight.cols(); from += n, n = n * 3 + 1) {
                int count = Math.min(n, weight.cols() - from);
                weight.widen(piece, 2, row, from, count);
                for (int i = 0; i < count; i++) {
                    assertThat((double) piece[2 + i])
                            .as("row %d, column %d", row, from + i)
                            .isEqualTo(want.get(row, from + i));
                }
            }
        }
    }

    @Test
    void tablesAreThePublishedOnes() {
        assertThat(Nf4Code.values()).containsExactly(floats(tables, "nf4"));
        double[] formula = tables.bytes("nf4_formula").toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
        for (int code = 0; code < formula.length; code++) {
            // The paper's own were computed in float32.
            assertThat((double) Nf4Code.value(code)).isCloseTo(formula[code], within(2e-7));
        }
        assertThat(DynamicMap.signed()).containsExactly(floats(tables, "dynamic_signed"));
        assertThat(DynamicMap.unsigned()).containsExactly(floats(tables, "dynamic_unsigned"));
        assertThat(E4m3.values()).containsExactly(floats(tables, "e4m3"));
    }

    @Test
    void numbersOfEightBitsAreRoundedToTheNearest() {
        float[] from = floats(tables, "e4m3_from");
        byte[] to = bytes(tables.bytes("e4m3_to"));
        for (int i = 0; i < from.length; i++) {
            assertThat(E4m3.of(from[i])).as("%s", from[i]).isEqualTo(to[i]);
        }
        assertThat(E4m3.value(E4m3.of(1e9f))).isEqualTo(E4m3.MOST);
        assertThat(E4m3.value(E4m3.of(Float.NEGATIVE_INFINITY))).isEqualTo(-E4m3.MOST);
        assertThat(E4m3.value(E4m3.of(Float.NaN))).isNaN();
    }

    /** The nearest of sixteen, and of two as near the smaller: by looking at all of them. */
    @Test
    void nearestOfSixteenIsTheNearest() {
        float[] values = Nf4Code.values();
        for (int code = 0; code + 1 < values.length; code++) {
            float middle = (values[code] + values[code + 1]) / 2;
            assertThat(Nf4Code.nearest(values[code])).isEqualTo(code);
            assertThat(Nf4Code.nearest(middle)).isEqualTo(code);
            assertThat(Nf4Code.nearest(Math.nextUp(middle))).isEqualTo(code + 1);
        }
        assertThat(Nf4Code.nearest(1)).isEqualTo(15);
        for (int i = -1000; i <= 1000; i++) {
            float number = i / 1000f;
            int nearest = Nf4Code.nearest(number);
            for (float value : values) {
                assertThat(Math.abs(number - values[nearest])).isLessThanOrEqualTo(Math.abs(number - value) + 1e-7f);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "odd", "heavy", "narrow"})
    void nf4IsWhatBitsandbytesStores(String name) {
        StoredWeight weight = weight(name);
        Nf4Weight packed = (Nf4Weight) PackedForm.NF4.pack(weight, arena);
        assertThat(bytes(packed.codes())).containsExactly(bytes(name + ".nf4"));
        float offset = floats(matrices, name + ".offset")[0];
        Absmax.Nested own = (Absmax.Nested) packed.absmax();
        // PyTorch sums in float32.
        assertThat(own.offset()).isCloseTo(offset, within(2 * Math.ulp(offset)));
        float[] sizes = new float[(int) own.blocks()];
        for (int block = 0; block < sizes.length; block++) {
            sizes[block] = largest(weight, block);
        }
        Absmax.Nested same = Absmax.Nested.of(sizes, offset, arena);
        assertThat(bytes(same.codes())).containsExactly(bytes(name + ".absmax"));
        // Its PyTorch kernels say 1e-38 for a last group of zeros.
        assertThat(same.scales().toArray(ValueLayout.JAVA_FLOAT))
                .containsExactly(floats(matrices, name + ".nested_absmax"), within(1e-38f));
        assertThat(own.bytes() + packed.codes().byteSize())
                .isEqualTo(packed.bytes())
                .isEqualTo(PackedForm.NF4.bytes(weight.rows(), weight.cols()));
        Absmax.Nested theirs = new Absmax.Nested(
                matrices.bytes(name + ".absmax"), matrices.bytes(name + ".nested_absmax"), DynamicMap.signed(), offset);
        requireValues(
                new Nf4Weight(weight.rows(), weight.cols(), matrices.bytes(name + ".nf4"), theirs),
                matrices.tensor(name + ".nf4_values"));
    }

    private static float largest(StoredWeight weight, int block) {
        float largest = 0;
        for (int i = block * Nf4Weight.BLOCK;
                i < Math.min((block + 1) * Nf4Weight.BLOCK, weight.rows() * weight.cols());
                i++) {
            largest = Math.max(largest, (float) Math.abs(weight.get(i / weight.cols(), i % weight.cols())));
        }
        return largest;
    }

    /** Sizes that are not quantised once more. */
    @Test
    void nf4ReadsPlainSizes() {
        MemorySegment sizes = arena.allocate(ValueLayout.JAVA_FLOAT, 1);
        sizes.set(ValueLayout.JAVA_FLOAT, 0, 2);
        MemorySegment codes = MemorySegment.ofArray(new byte[] {(byte) 0xf0, 0x70});
        Nf4Weight weight = new Nf4Weight(1, 3, codes, new Absmax.Plain(sizes));
        assertThat(weight.row(0)).containsExactly(2, -2, 0);
        assertThat(weight.bytes()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "odd", "heavy", "narrow"})
    void int8IsWhatBitsandbytesStores(String name) {
        StoredWeight weight = weight(name);
        Int8Weight packed = (Int8Weight) PackedForm.INT8.pack(weight, arena);
        assertThat(bytes(packed.absmax())).containsExactly(bytes(name + ".int8_absmax"));
        assertThat(bytes(packed.codes())).containsExactly(bytes(name + ".int8"));
        assertThat(packed.bytes()).isEqualTo(weight.rows() * (weight.cols() + 4L));
        for (int row = 0; row < weight.rows(); row++) {
            float step = floats(matrices, name + ".int8_absmax")[row] / 127;
            float[] values = packed.row(row);
            for (int col = 0; col < weight.cols(); col++) {
                int code = bytes(name + ".int8")[row * weight.cols() + col];
                assertThat(values[col]).isEqualTo(DType.bf16ToFloat(DType.floatToBf16(code * step)));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "odd", "heavy", "narrow"})
    void fp8IsWhatPyTorchRoundsTo(String name) {
        StoredWeight weight = weight(name);
        Fp8Weight packed = (Fp8Weight) PackedForm.FP8.pack(weight, arena);
        assertThat(bytes(packed.scales())).containsExactly(bytes(name + ".fp8_scales"));
        assertThat(bytes(packed.codes())).containsExactly(bytes(name + ".fp8"));
        assertThat(packed.bytes()).isEqualTo(PackedForm.FP8.bytes(weight.rows(), weight.cols()));
        requireValues(packed, matrices.tensor(name + ".fp8_values"));
    }

    /** All zeros stay zeros. */
    @ParameterizedTest
    @EnumSource
    void zerosStayZeros(PackedForm form) {
        StoredWeight zeros = StoredWeight.of(Tensor.allocate(arena, DType.F32, 3, 131));
        for (int row = 0; row < 3; row++) {
            assertThat(form.pack(zeros, arena).row(row)).containsOnly(0);
        }
    }

    @ParameterizedTest
    @CsvSource({"NF4, NaN", "INT8, Infinity", "FP8, NaN", "NF4, -Infinity", "FP8, Infinity", "INT8, NaN"})
    void numbersThatAreNotFiniteAreRefused(PackedForm form, float bad) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, 3, 131);
        tensor.set(2, 130, bad);
        StoredWeight weight = StoredWeight.of(tensor);
        assertThatThrownBy(() -> form.pack(weight, arena))
                .isInstanceOf(BadInput.class)
                .hasMessage("holds a number that is not finite, which no packed form can say");
    }
}
