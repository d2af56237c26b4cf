package candor.export;

import candor.BadInput;
import candor.export.gguf.GgmlType;
import candor.export.gguf.GgufTensor;
import candor.export.gguf.GgufValue;
import candor.export.gguf.GgufWriter;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Writes a file from rows that are looked at first: numbers that are not finite, or too large for their type, are refused. */
final class GgufSink {
    /** Where tensors come from. */
    interface Source {
        /** The rows of a tensor; what they are made from may be in the arena, which is closed once it is written. */
        GgufWriter.Rows rows(GgufTensor tensor, Arena arena);
    }

    private GgufSink() {}

    /** Looks whether the place of a file is free. */
    static void check(Path output, boolean force) {
        if (Files.isDirectory(output)) {
            throw new BadInput(output + ": is a folder, and a file is to be made there", "choose another {output}");
        }
        if (Files.exists(output) && !force) {
            throw new BadInput(output + ": exists already", "overwrite it with {force}, or choose another {output}");
        }
    }

    /**
     * Writes the file, whole or not at all.
     *
     * @param stop asked before every tensor
     * @throws CancellationException where it said so
     */
    static ExportReport write(
            Path output,
            Map<String, GgufValue> metadata,
            List<GgufTensor> tensors,
            Source source,
            BooleanSupplier stop) {
        try (GgufWriter writer = new GgufWriter(output, metadata, tensors)) {
            for (GgufTensor tensor : tensors) {
                if (stop.getAsBoolean()) {
                    throw new CancellationException("stopped");
                }
                try (Arena arena = Arena.ofShared()) {
                    GgufWriter.Rows rows = source.rows(tensor, arena);
                    writer.write(row -> checked(tensor, rows.row(row)));
                }
            }
            writer.commit();
        }
        return ExportReport.of(tensors);
    }

    private static float[] checked(GgufTensor tensor, float[] row) {
        GgmlType type = tensor.type();
        for (float value : row) {
            if (!(Math.abs(value) <= type.largest())) {
                throw Float.isFinite(value)
                        ? new BadInput(
                                "tensor " + tensor.name() + " holds " + value + ", and " + type + " no more than "
                                        + type.largest(),
                                "choose another {type}, such as bf16")
                        : new BadInput("tensor " + tensor.name() + " holds " + value
                                + ", which is not a finite number; the model is broken: train or download it again");
            }
        }
        return row;
    }
}
