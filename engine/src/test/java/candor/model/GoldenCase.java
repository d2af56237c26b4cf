package candor.model;

import candor.GoldenFolders;
import candor.lora.Adapter;
import candor.lora.LoraConfig;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** One golden case: a tiny checkpoint, an adapter, and what the reference libraries computed with them. */
final class GoldenCase implements AutoCloseable {
    static final int IGNORED = -100;

    final Path folder;
    final Arena arena = Arena.ofShared();
    final Weights weights;
    final Safetensors expected;
    final LoraConfig lora;
    final int[][] tokens;
    final int[][] labels;

    GoldenCase(String name) {
        folder = GoldenFolders.folder(name);
        weights = Weights.load(folder.resolve("model"));
        expected = Safetensors.open(folder.resolve("forward.safetensors"), arena);
        lora = PeftFiles.shape(folder.resolve("adapter"), weights.config()).uniform();
        long[][] ids = longs("input_ids");
        long[][] mask = longs("attention_mask");
        long[][] wanted = longs("labels");
        tokens = new int[ids.length][];
        labels = new int[ids.length][];
        for (int b = 0; b < ids.length; b++) {
            int length = Math.toIntExact(LongStream.of(mask[b]).sum()); // padded on the right
            tokens[b] = LongStream.of(ids[b])
                    .limit(length)
                    .mapToInt(Math::toIntExact)
                    .toArray();
            labels[b] = LongStream.of(wanted[b])
                    .limit(length)
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
    }

    private long[][] longs(String name) {
        Safetensors.Entry entry = expected.entry(name);
        int rows = Math.toIntExact(entry.shape().get(0));
        int cols = Math.toIntExact(entry.shape().get(1));
        long[] flat = expected.bytes(name).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
        long[][] values = new long[rows][];
        for (int r = 0; r < rows; r++) {
            values[r] = Arrays.copyOfRange(flat, r * cols, (r + 1) * cols);
        }
        return values;
    }

    /** Values of a float tensor of any shape, in order. */
    static float[] floats(Safetensors file, String name) {
        return file.bytes(name).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    Adapter adapter(Backend backend, boolean trained) {
        Memory memory = Memory.of(backend);
        Path adapter = folder.resolve("adapter");
        return trained
                ? PeftFiles.trained(adapter, weights.config(), memory)
                : PeftFiles.frozen(adapter, weights, memory);
    }

    /** "base_model.model.model.layers.0.self_attn.q_proj.lora_A". */
    static String name(int layer, Projection projection, String factor) {
        return "base_model.model.model.layers." + layer + "." + projection.block() + "." + projection.peftName()
                + ".lora_" + factor;
    }

    /**
     * The model as {@code forward.safetensors} was computed. For qwen2 the whole model had been cast to bfloat16 and back
     * in memory, its rotary frequencies too; a checkpoint that is loaded keeps them in float32, as {@code
     * merged.safetensors} and the trainers' runs did.
     */
    CausalLm castModel(Backend backend, Recompute recompute) {
        return castModel(backend, recompute, 64);
    }

    CausalLm castModel(Backend backend, Recompute recompute, int positions) {
        return castModel(backend, Recomputation.all(recompute, weights.config().layers()), positions);
    }

    CausalLm castModel(Backend backend, Recomputation recomputation, int positions) {
        ModelConfig config = weights.config();
        return new CausalLm(backend, weights, recomputation, rope -> frequencies(config, rope), positions);
    }

    private static float[] frequencies(ModelConfig config, Rope rope) {
        float[] frequencies = RopeTable.frequencies(rope, config.heads().width());
        if (config.architecture() == Architecture.QWEN2) {
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = DType.bf16ToFloat(DType.floatToBf16(frequencies[i]));
            }
        }
        return frequencies;
    }

    /** The sequences with these numbers, in this order, each in its slot; the target of a token is the next one's label. */
    Batch batch(int[] sequences, int[] slots) {
        int n = IntStream.of(sequences).map(s -> tokens[s].length).sum();
        int[] ids = new int[n];
        int[] positions = new int[n];
        int[] targets = new int[n];
        int[] starts = new int[sequences.length + 1];
        int row = 0;
        for (int i = 0; i < sequences.length; i++) {
            int[] sequence = tokens[sequences[i]];
            int[] label = labels[sequences[i]];
            for (int p = 0; p < sequence.length; p++, row++) {
                ids[row] = sequence[p];
                positions[row] = p;
                targets[row] = p + 1 < sequence.length && label[p + 1] != IGNORED ? label[p + 1] : Batch.NO_TARGET;
            }
            starts[i + 1] = row;
        }
        return new Batch(ids, positions, targets, starts, slots);
    }

    /** The largest difference of packed logits (N,V) to the padded ones of the file (B,T,V). */
    double logitsDifference(Tensor logits, Batch batch, int sequence, int inBatch, Safetensors file, String name) {
        int vocabulary = weights.config().vocabSize();
        int padded = Math.toIntExact(expected.entry("input_ids").shape().get(1));
        float[] want = floats(file, name);
        double largest = 0;
        for (int p = 0; p < batch.length(inBatch); p++) {
            for (int v = 0; v < vocabulary; v++) {
                float reference = want[(sequence * padded + p) * vocabulary + v];
                largest = Math.max(largest, Math.abs(logits.get(batch.start(inBatch) + p, v) - reference));
            }
        }
        return largest;
    }

    @Override
    public void close() {
        weights.close();
        arena.close();
    }
}
