package candor.bench;

import candor.ops.DecoratedBackend;
import candor.ops.cpu.CpuBackend;
import candor.ops.op.Op;
import java.util.LinkedHashMap;
import java.util.Map;

/** The CPU backend with a clock on each operation, the sum of each kind of them kept apart. */
final class TimedBackend extends DecoratedBackend {
    /**
     * What some operations of one kind took.
     *
     * @param nanos by the clock
     * @param busy  nanoseconds inside tasks, of all threads together
     * @param flops see {@link Op#flops}
     */
    record Spent(int calls, long nanos, long busy, double flops) {
        static final Spent NOTHING = new Spent(0, 0, 0, 0);

        Spent plus(Spent more) {
            return new Spent(calls + more.calls, nanos + more.nanos, busy + more.busy, flops + more.flops);
        }
    }

    private final CpuBackend backend;
    private Map<String, Spent> spent = new LinkedHashMap<>();

    TimedBackend(CpuBackend backend) {
        super(backend);
        this.backend = backend;
    }

    /** What each kind of operation has taken since the last call, in the order in which they came first. */
    Map<String, Spent> take() {
        Map<String, Spent> taken = spent;
        spent = new LinkedHashMap<>();
        return taken;
    }

    @Override
    public void run(Op op) {
        long busy = backend.busyNanos();
        long start = System.nanoTime();
        super.run(op);
        long nanos = System.nanoTime() - start;
        spent.merge(op.label(), new Spent(1, nanos, backend.busyNanos() - busy, op.flops()), Spent::plus);
    }
}
