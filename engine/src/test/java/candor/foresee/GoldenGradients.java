package candor.foresee;

import candor.GoldenFolders;
import candor.data.EncodedRow;
import candor.data.Packing;
import candor.lora.AdapterBank;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Safetensors;
import candor.model.Weights;
import candor.ops.Backend;
import candor.ops.Batch;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A golden model whose adapter is trained, on a backend that looks on, and the three sequences of its batch as rows. */
final class GoldenGradients implements AutoCloseable {
    private static final int IGNORED = -100;

    final Arena arena = Arena.ofShared();
    final RowGradients backend;
    final Weights weights;
    final CausalLm model;
    final AdapterBank bank;
    final List<EncodedRow> rows = new ArrayList<>();

    GoldenGradients(String name, Backend computes, int threads, Recompute recompute) {
        backend = new RowGradients(computes, threads);
        Path golden = GoldenFolders.folder(name);
        weights = Weights.load(golden.resolve("model"));
        model = new CausalLm(backend, weights, recompute, 64);
        bank = new AdapterBank(weights.config(), 1);
        bank.set(0, PeftFiles.trained(golden.resolve("adapter"), weights.config(), Memory.of(backend)));
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
            boolean[] target = new boolean[end];
            for (int t = 0; t < end; t++) {
                own[t] = (int) ids[b * length + t];
                target[t] = labels[b * length + t] != IGNORED;
            }
            rows.add(new EncodedRow(b, own, target, 0, null));
        }
    }

    /** The gradient of −Σ log p of each of these rows, from one pass. */
    List<float[]> gradients(List<EncodedRow> together) {
        int length = bank.get(0).layout().length();
        List<float[]> gradients = new ArrayList<>();
        together.forEach(_ -> gradients.add(new float[length]));
        backend.watch(
                bank,
                0,
                (row, start, piece, count) -> System.arraycopy(piece, 0, gradients.get(row), (int) start, count));
        Batch batch = Packing.of(together, 0);
        float[] derivatives = new float[batch.targetCount()];
        model.forward(derivatives, batch, bank, true);
        Arrays.fill(derivatives, -1);
        model.backward(derivatives);
        backend.rest();
        return gradients;
    }

    /** What float64 gives for a factor: of each row the norm, and the sum of its elements by cos(1), cos(2), … */
    double[] expected(String name, String factor) {
        return Safetensors.open(GoldenFolders.folder("gradients").resolve(name + ".safetensors"), arena)
                .bytes(factor)
                .toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
    }

    private static long[] longs(Safetensors file, String name) {
        return file.bytes(name).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    }

    @Override
    public void close() {
        model.close();
        weights.close();
        backend.close();
        arena.close();
    }
}
