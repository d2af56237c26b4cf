package candor.ops.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.bindings.generated.CandorKernels;
import candor.bindings.generated.candor_epilogue;
import candor.bindings.generated.candor_matrix;
import candor.ops.Heads;
import candor.ops.weight.PackedForm;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls as bytes: what is written is what is handed over, and equal calls are equal bytes. */
class CallBufferTest {
    private final CallBuffer calls = new CallBuffer();

    @AfterEach
    void close() {
        calls.close();
    }

    private static Tensor tensor(DType type, long address, int rows, int cols) {
        return new Tensor(MemorySegment.ofAddress(address), type, rows, cols, cols + 3L);
    }

    private void attention(long address, int longest) {
        calls.add(Function.ATTENTION, to -> to.matrix(tensor(DType.BF16, address, 5, 8))
                .matrix(null)
                .matrix(tensor(DType.BF16, 4096, 5, 16))
                .heads(new Heads(2, 1, 4))
                .sequences(8192, 2, longest));
    }

    @Test
    @SuppressWarnings("restricted") // the struct is read as C reads it
    void aPackedWeightSaysWhereItsScalesAre() {
        MemorySegment codes = MemorySegment.ofAddress(1 << 20);
        MemorySegment scales = MemorySegment.ofAddress(1 << 21);
        int type = CandorKernels.CANDOR_NF4();
        PackedOnDevice packed = new PackedOnDevice(PackedForm.NF4, type, 5, 64, codes, scales, 200);
        calls.add(Function.LOGITS, to -> to.weight(packed).weight(null));
        CallReader reader = new CallReader(calls.bytes());
        assertThat(reader.function()).isEqualTo(Function.LOGITS);
        MemorySegment w = reader.matrix().reinterpret(candor_matrix.sizeof());
        assertThat(candor_matrix.data(w)).isEqualTo(codes);
        assertThat(candor_matrix.scales(w)).isEqualTo(scales);
        assertThat(candor_matrix.stride(w)).isEqualTo(64);
        assertThat(candor_matrix.rows(w)).isEqualTo(5);
        assertThat(candor_matrix.cols(w)).isEqualTo(64);
        assertThat(candor_matrix.dtype(w)).isEqualTo(type);
        assertThat(reader.matrix()).isEqualTo(MemorySegment.NULL);
    }

    @Test
    @SuppressWarnings("restricted") // the struct is read as C reads it
    void argumentsAreReadAsTheyWereWritten() {
        attention(1 << 20, 64);
        calls.add(Function.RMS_NORM, to -> to.number(-7).real(0.25f).number(1L << 40));
        CallReader reader = new CallReader(calls.bytes());
        assertThat(reader.function()).isEqualTo(Function.ATTENTION);
        MemorySegment o = reader.matrix().reinterpret(candor_matrix.sizeof());
        assertThat(candor_matrix.data(o).address()).isEqualTo(1 << 20);
        assertThat(candor_matrix.stride(o)).isEqualTo(11);
        assertThat(candor_matrix.rows(o)).isEqualTo(5);
        assertThat(candor_matrix.cols(o)).isEqualTo(8);
        assertThat(candor_matrix.dtype(o)).isEqualTo(CandorKernels.CANDOR_BF16());
        assertThat(reader.matrix()).isEqualTo(MemorySegment.NULL);
        assertThat(reader.matrix()).isNotEqualTo(MemorySegment.NULL);
        reader.heads();
        reader.sequences();
        assertThat(reader.function()).isEqualTo(Function.RMS_NORM);
        assertThat(reader.number()).isEqualTo(-7);
        assertThat(reader.real()).isEqualTo(0.25f);
        assertThat(reader.longNumber()).isEqualTo(1L << 40);
        assertThat(reader.hasNext()).isFalse();
    }

    @Test
    @SuppressWarnings("restricted") // the struct is read as C reads it
    void whatALayerEndsWithIsReadAsItWasWritten() {
        calls.add(Function.LINEAR, to -> to.noEpilogue()
                .rope(3, tensor(DType.F32, 4096, 7, 16), 8192)
                .gated(CandorKernels.CANDOR_GEGLU(), tensor(DType.BF16, 4096, 5, 9), true)
                .number(5));
        CallReader reader = new CallReader(calls.bytes());
        assertThat(reader.function()).isEqualTo(Function.LINEAR);
        assertThat(reader.epilogue()).isEqualTo(MemorySegment.NULL);
        MemorySegment rope = reader.epilogue().reinterpret(candor_epilogue.sizeof());
        assertThat(candor_epilogue.operation(rope)).isEqualTo(CandorKernels.CANDOR_ROPE());
        assertThat(candor_epilogue.heads(rope)).isEqualTo(3);
        assertThat(candor_matrix.data(candor_epilogue.table(rope)).address()).isEqualTo(4096);
        assertThat(candor_matrix.cols(candor_epilogue.table(rope))).isEqualTo(16);
        assertThat(candor_epilogue.positions(rope).address()).isEqualTo(8192);
        MemorySegment gated = reader.epilogue().reinterpret(candor_epilogue.sizeof());
        assertThat(candor_epilogue.operation(gated)).isEqualTo(CandorKernels.CANDOR_GEGLU());
        assertThat(candor_matrix.cols(candor_epilogue.gated(gated))).isEqualTo(9);
        assertThat(candor_epilogue.kept(gated)).isEqualTo(1);
        assertThat(reader.number()).isEqualTo(5);
        assertThat(reader.hasNext()).isFalse();
    }

    @Test
    void equalCallsAreEqualBytesAndOthersAreNot() {
        attention(1 << 20, 64);
        byte[] first = calls.bytes().toArray(ValueLayout.JAVA_BYTE);
        calls.clear();
        attention(2 << 20, 64);
        assertThat(calls.bytes().toArray(ValueLayout.JAVA_BYTE)).isNotEqualTo(first);
        calls.clear();
        attention(1 << 20, 128);
        assertThat(calls.bytes().toArray(ValueLayout.JAVA_BYTE)).isNotEqualTo(first);
        calls.clear();
        attention(1 << 20, 64);
        assertThat(calls.bytes().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(first);
    }

    @Test
    void aCallWhoseArgumentsFailIsNotThere() {
        attention(1 << 20, 64);
        byte[] before = calls.bytes().toArray(ValueLayout.JAVA_BYTE);
        assertThatThrownBy(() -> calls.add(Function.ZERO, to -> to.number(1).matrix(tensor(DType.F16, 64, 1, 1))))
                .hasMessage("the kernels have no matrices of F16");
        assertThat(calls.calls()).isEqualTo(1);
        assertThat(calls.bytes().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
    }

    @Test
    void memoryGrowsOnceAndKeepsWhatWasThere() {
        for (int i = 0; i < 5000; i++) {
            attention(64L * i, 64);
        }
        long address = calls.bytes().address();
        CallReader reader = new CallReader(calls.bytes());
        for (int i = 0; i < 5000; i++) {
            assertThat(reader.function()).isEqualTo(Function.ATTENTION);
            reader.matrix();
            reader.matrix();
            reader.matrix();
            reader.heads();
            reader.sequences();
        }
        assertThat(reader.hasNext()).isFalse();
        calls.clear();
        for (int i = 0; i < 5000; i++) {
            attention(64L * i, 64);
        }
        assertThat(calls.bytes().address()).isEqualTo(address);
    }
}
