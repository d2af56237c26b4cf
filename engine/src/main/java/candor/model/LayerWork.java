package candor.model;

import candor.model.Activations.Pass;
import candor.ops.BackendDescriptor;
import candor.ops.Batch;
import candor.ops.Ops;
import candor.ops.op.Op;
import candor.ops.weight.Bf16Weight;
import candor.ops.weight.Weight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What it costs to compute a layer again, as its operations count it: the decoder asks for them over tensors that have shapes and
 * no memory.
 *
 * @param flops multiplications and additions of matrix products
 * @param bytes that are read or written
 */
public record LayerWork(long flops, long bytes) {
    /** Counts what is asked for, and does none of it. */
    private static final class Counting implements Ops {
        private long flops;
        private long bytes;

        @Override
        public void run(Op op) {
            flops += op.flops();
            bytes += op.bytes();
        }

        LayerWork taken() {
            LayerWork work = new LayerWork(flops, bytes);
            flops = 0;
            bytes = 0;
            return work;
        }
    }

    /**
     * Of each layer, for one sequence.
     *
     * @param backend  that computes it
     * @param adapters that will be there, the first of which the sequence goes through; or null
     * @param tokens   of the sequence
     */
    public static List<LayerWork> of(
            Recompute recompute, BackendDescriptor backend, ModelConfig config, Adapters adapters, int tokens) {
        Counting ops = new Counting();
        Recomputation none = Recomputation.all(Recompute.NONE, config.layers());
        Decoder decoder =
                new Decoder(ops, config, layers(config), null, constants(config, tokens), none, (to, from) -> {});
        Workspace measure = Workspace.measuring();
        Activations acts =
                new Activations(measure, measure, backend.activations(), config, adapters, tokens, 0, Pass.TRAIN, none);
        Batch batch = sequence(tokens, adapters == null ? Batch.BASE : 0);
        return IntStream.range(0, config.layers())
                .mapToObj(layer -> {
                    decoder.again(recompute, layer, acts, adapters, batch);
                    return ops.taken();
                })
                .toList();
    }

    private static Batch sequence(int tokens, int slot) {
        int[] targets = new int[tokens];
        Arrays.fill(targets, Batch.NO_TARGET);
        return new Batch(
                new int[tokens], IntStream.range(0, tokens).toArray(), targets, new int[] {0, tokens}, new int[] {slot
                });
    }

    private static LayerSource layers(ModelConfig config) {
        LayerWeights layer = LayerWeights.of(
                config,
                each -> weight(
                        each.stored(config, 0).rows(), each.stored(config, 0).cols()),
                each -> vector(each.stored(config, 0).cols()));
        return LayerSource.of(Collections.nCopies(config.layers(), layer));
    }

    private static Constants constants(ModelConfig config, int tokens) {
        Tensor rope =
                Tensor.of(MemorySegment.NULL, DType.F32, tokens, config.heads().width());
        return new Constants(
                Collections.nCopies(config.layers(), rope),
                config.queryScale() == 1 ? null : vector(config.heads().queryCols()),
                null);
    }

    private static Weight weight(int rows, int cols) {
        return new Bf16Weight(Tensor.of(MemorySegment.NULL, DType.BF16, rows, cols));
    }

    private static Tensor vector(int length) {
        return Tensor.of(MemorySegment.NULL, DType.F32, 1, length);
    }
}
