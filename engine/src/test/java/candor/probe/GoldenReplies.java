package candor.probe;

import candor.GoldenFolders;
import candor.data.EncodedRow;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.ModelFolder;
import candor.model.Recompute;
import candor.model.Safetensors;
import candor.model.Weights;
import candor.ops.Backend;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A golden model with its adapter in slot 1 of a bank, and the three sequences of its batch as rows with replies. */
final class GoldenReplies implements AutoCloseable {
    private static final int IGNORED = -100;

    final Path folder;
    final Weights weights;
    final CausalLm model;
    final AdapterBank bank;
    final List<EncodedRow> rows = new ArrayList<>();

    /** What float64 gives. */
    final Safetensors expected;

    private final Arena arena = Arena.ofShared();
    private final Backend backend;

    GoldenReplies(String name, Backend backend) {
        this.backend = backend;
        Path golden = GoldenFolders.folder(name);
        folder = golden.resolve("model");
        weights = Weights.load(folder);
        model = new CausalLm(backend, weights, Recompute.NONE, 64);
        bank = new AdapterBank(weights.config(), 2);
        bank.set(1, PeftFiles.frozen(golden.resolve("adapter"), weights, Memory.of(backend)));
        expected = Safetensors.open(GoldenFolders.folder("activations").resolve(name + ".safetensors"), arena);
        Safetensors forward = Safetensors.open(golden.resolve("forward.safetensors"), arena);
        int length = forward.entry("input_ids").shape().get(1).intValue();
        long[] ids = longs(forward, "input_ids");
        long[] mask = longs(forward, "attention_mask");
        long[] labels = longs(forward, "labels");
        for (int b = 0; b < ids.length / length; b++) {
            int end = 0;
            while (end < length && mask[b * length + end] == 1) {
                end++;
            }
            int[] own = new int[end];
            boolean[] reply = new boolean[end];
            for (int t = 0; t < end; t++) {
                own[t] = (int) ids[b * length + t];
                reply[t] = labels[b * length + t] != IGNORED;
            }
            rows.add(new EncodedRow(b, own, reply, 0, null));
        }
    }

    ModelFolder modelFolder() {
        return ModelFolder.at(folder);
    }

    /** The golden cases with activations beside them. */
    static List<String> names() {
        return GoldenFolders.names().stream()
                .filter(name -> Files.exists(GoldenFolders.folder("activations").resolve(name + ".safetensors")))
                .toList();
    }

    private static long[] longs(Safetensors file, String name) {
        return file.bytes(name).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    }

    /** Values of a float64 tensor, in order. */
    double[] doubles(String name) {
        return expected.bytes(name).toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
    }

    @Override
    public void close() {
        model.close();
        weights.close();
        backend.close();
        arena.close();
    }
}
