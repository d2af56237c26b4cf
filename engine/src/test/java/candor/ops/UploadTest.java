package candor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.check.NaiveBackend;
import candor.ops.cpu.CpuBackend;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Values are rounded to a tensor's type on their way in, and come back as that type has them. */
class UploadTest {
    private static final float[] VALUES = {1, 1 + 0x1p-8f, -1 - 3 * 0x1p-8f, 0x1p-20f, 65504, -0f};

    static Stream<Supplier<Backend>> backends() {
        return Stream.of(() -> new CpuBackend(1), NaiveBackend::new);
    }

    @ParameterizedTest
    @MethodSource("backends")
    void valuesAreRounded(Supplier<Backend> opened) {
        try (Backend backend = opened.get()) {
            assertThat(through(backend, DType.F32)).containsExactly(VALUES);
            // Eight bits of a significand: halfway goes to the even neighbour.
            assertThat(through(backend, DType.BF16)).containsExactly(1, 1, -1 - 0x1p-6f, 0x1p-20f, 65536, -0f);
            // Eleven bits, and below 2⁻¹⁴ steps of 2⁻²⁴.
            assertThat(through(backend, DType.F16)).containsExactly(VALUES);
        }
    }

    /** Two columns of a wider tensor, whose other columns are left alone. */
    private static float[] through(Backend backend, DType type) {
        Tensor whole = backend.allocate(type, 3, 5);
        Tensor view = whole.columns(1, 3);
        float[] longer = new float[VALUES.length + 1];
        System.arraycopy(VALUES, 0, longer, 0, VALUES.length);
        longer[VALUES.length] = 7;
        backend.upload(view, longer);
        float[] back = new float[VALUES.length];
        backend.download(back, view);
        float[] all = new float[15];
        backend.download(all, whole);
        assertThat(new float[] {all[0], all[3], all[4], all[5]}).containsOnly(0);
        return back;
    }

    @ParameterizedTest
    @MethodSource("backends")
    void tooFewValuesAreRefused(Supplier<Backend> opened) {
        try (Backend backend = opened.get()) {
            Tensor x = backend.allocate(DType.F32, 2, 3);
            assertThatThrownBy(() -> backend.upload(x, new float[5])).hasMessage("upload: 5 values for F32 2 x 3");
            assertThatThrownBy(() -> backend.download(new float[5], x)).hasMessage("download: 5 values for F32 2 x 3");
        }
    }
}
