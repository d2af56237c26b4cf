package candor.foresee;

import candor.lora.AdapterBank;
import candor.lora.AdapterLayout;
import candor.lora.AdapterShape.Place;
import candor.model.Projection;
import candor.ops.Backend;
import candor.ops.Batch;
import candor.ops.DecoratedBackend;
import candor.ops.Lora;
import candor.ops.op.LinearBackward;
import candor.ops.op.LinearsBackward;
import candor.ops.op.Op;
import candor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The gradient of each row of a packed pass by itself, from one backward pass over all of them.
 *
 * <p>A linear layer with an adapter, y = x Wᵀ + s (x aᵀ) bᵀ, gets da = Σₙ dtₙᵀ xₙ and db = Σₙ dyₙᵀ tₙ over the tokens n of a pass,
 * with t = s · x aᵀ and dt = s · dy b. The terms of a row's own tokens are the row's own gradient. So this backend looks on while
 * another computes: whenever a layer's backward pass is asked for, it takes the layer's input and the gradient of its output, and
 * sums for every sequence alone. It works on any backend; a device's tensors are downloaded.
 *
 * <p>A row's gradient is a sum over its tokens in their order, in single precision: what else is in the pass, and the number of
 * threads, leave no trace.
 */
public final class RowGradients extends DecoratedBackend {
    /** Takes gradients, piece by piece. One thread at a time hands over those of one sequence. */
    public interface Sink {
        /**
         * Takes a piece of a row's gradient.
         *
         * @param sequence of the batch
         * @param start    where the piece begins in the adapter's row of parameters ({@link AdapterLayout})
         * @param gradient its first {@code length} values; overwritten later
         */
        void add(int sequence, long start, float[] gradient, int length);
    }

    private final int threads;
    private final ExecutorService pool;
    private Map<Lora, Place> places;
    private AdapterLayout layout;
    private int slot;
    private Sink sink;

    /**
     * A backend that does what another does, and looks on when it is asked to.
     *
     * @param backend closed with this one
     * @param threads that sum
     */
    public RowGradients(Backend backend, int threads) {
        super(backend);
        this.threads = threads;
        pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("row gradients ", 0).factory());
    }

    /** Hands over the gradients of the rows of a slot that come from now on, until {@link #rest}. */
    public void watch(AdapterBank bank, int of, Sink to) {
        places = new IdentityHashMap<>();
        layout = bank.get(of).layout();
        slot = of;
        sink = to;
        for (Place place : layout.shape().sites().keySet()) {
            places.put(bank.lora(place.layer(), place.projection()), place);
        }
    }

    /** Looks no longer. */
    public void rest() {
        sink = null;
    }

    @Override
    public void run(Op op) {
        if (sink != null) {
            switch (op) {
                case LinearBackward o -> look(o.lora(), o.dy(), o.x(), o.t(), o.batch());
                case LinearsBackward o -> {
                    for (LinearsBackward.Part part : o.parts()) {
                        look(part.lora(), part.dy(), o.x(), part.t(), o.batch());
                    }
                }
                default -> {}
            }
        }
        super.run(op);
    }

    private void look(Lora lora, Tensor dy, Tensor x, Tensor t, Batch batch) {
        Place place = lora == null ? null : places.get(lora);
        if (place != null) {
            sum(
                    new Layer(place, lora.at(slot), values(dy), values(x), values(t), x.cols(), dy.cols(), t.cols()),
                    batch);
        }
    }

    private float[] values(Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        download(values, tensor);
        return values;
    }

    /**
     * One linear layer of a pass.
     *
     * @param dy      (N, O)
     * @param x       (N, I)
     * @param t       (N, padded rank)
     */
    private record Layer(
            Place place,
            Lora.Factors factors,
            float[] dy,
            float[] x,
            float[] t,
            int inputs,
            int outputs,
            int paddedRank) {}

    private void sum(Layer layer, Batch batch) {
        float[] b = values(layer.factors.b());
        List<Future<?>> tasks = new ArrayList<>();
        int tasksAtOnce = Math.min(threads, batch.sequenceCount());
        for (int first = 0; first < tasksAtOnce; first++) {
            int from = first;
            tasks.add(pool.submit(() -> {
                float[] da = new float[layer.factors.rank() * layer.inputs];
                float[] db = new float[layer.factors.rank() * layer.outputs];
                for (int s = from; s < batch.sequenceCount(); s += tasksAtOnce) {
                    if (batch.slot(s) == slot) {
                        sequence(layer, b, batch, s, da, db);
                    }
                }
            }));
        }
        tasks.forEach(RowGradients::await);
    }

    private static void await(Future<?> task) {
        try {
            task.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException own ? own : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while gradients were summed", e);
        }
    }

    /**
     * The gradient of one row in one layer.
     *
     * @param b  (O, R)
     * @param da (R, I), scratch
     * @param db (O, R), scratch
     */
    private void sequence(Layer layer, float[] b, Batch batch, int s, float[] da, float[] db) {
        int rank = layer.factors.rank();
        float[] dt = new float[rank];
        float[] dbTransposed = new float[rank * layer.outputs];
        Arrays.fill(da, 0);
        for (int n = batch.start(s); n < batch.start(s + 1); n++) {
            down(dt, layer.dy, n * layer.outputs, b, layer.outputs, layer.factors.scale());
            for (int r = 0; r < rank; r++) {
                addScaled(da, r * layer.inputs, layer.x, n * layer.inputs, layer.inputs, dt[r]);
                addScaled(
                        dbTransposed,
                        r * layer.outputs,
                        layer.dy,
                        n * layer.outputs,
                        layer.outputs,
                        layer.t[n * layer.paddedRank + r]);
            }
        }
        for (int r = 0; r < rank; r++) {
            for (int o = 0; o < layer.outputs; o++) {
                db[o * rank + r] = dbTransposed[r * layer.outputs + o];
            }
        }
        int number = layer.place.layer();
        Projection projection = layer.place.projection();
        sink.add(s, layout.a(number, projection), da, rank * layer.inputs);
        sink.add(s, layout.b(number, projection), db, rank * layer.outputs);
    }

    /** dt (R) = s · dy b, of one token. */
    private static void down(float[] dt, float[] dy, int at, float[] b, int outputs, float scale) {
        int rank = dt.length;
        Arrays.fill(dt, 0);
        for (int o = 0; o < outputs; o++) {
            float each = dy[at + o];
            for (int r = 0; r < rank; r++) {
                dt[r] += each * b[o * rank + r];
            }
        }
        for (int r = 0; r < rank; r++) {
            dt[r] *= scale;
        }
    }

    private static void addScaled(float[] to, int toAt, float[] from, int fromAt, int count, float factor) {
        if (factor == 0) {
            return;
        }
        for (int i = 0; i < count; i++) {
            to[toAt + i] += factor * from[fromAt + i];
        }
    }

    @Override
    public void close() {
        pool.shutdownNow();
        super.close();
    }
}
