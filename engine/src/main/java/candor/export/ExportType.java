package candor.export;

import candor.export.gguf.GgmlType;
import java.util.Locale;

/** How a model's matrices are stored. Vectors are float32. */
public enum ExportType {
    F32(0, GgmlType.F32),
    F16(1, GgmlType.F16),
    BF16(32, GgmlType.BF16),
    Q8_0(7, GgmlType.Q8_0),
    /** The output head, which decides most, in {@code q8_0}. */
    Q4_K(14, GgmlType.Q4_K);

    private final int fileType;
    private final GgmlType matrices;

    ExportType(int fileType, GgmlType matrices) {
        this.fileType = fileType;
        this.matrices = matrices;
    }

    /** {@code general.file_type}. */
    int fileType() {
        return fileType;
    }

    /** Whether blocks of numbers share scales. */
    boolean quantised() {
        return matrices.blockElements() > 1;
    }

    /**
     * The type of a matrix. Rows that are not whole super-blocks take {@code q5_0}, rows that are not whole blocks {@code f16}, as
     * llama.cpp's own quantiser has it.
     *
     * @param head whether it makes the logits
     */
    GgmlType of(int cols, boolean head) {
        GgmlType wanted = this == Q4_K && head ? GgmlType.Q8_0 : matrices;
        if (cols % wanted.blockElements() == 0) {
            return wanted;
        }
        return cols % GgmlType.Q5_0.blockElements() == 0 ? GgmlType.Q5_0 : GgmlType.F16;
    }

    /** "q4_k". */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
