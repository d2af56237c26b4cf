package candor.bench;

import candor.ops.Backend;
import candor.ops.Ops;
import candor.ops.cpu.CpuBackend;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The CPU backend with a clock on each operation, the sum of each kind of them kept apart. A call through it costs less than a
 * microsecond more.
 */
final class TimedBackend implements InvocationHandler {
    /**
     * What some calls of one kind took.
     *
     * @param nanos by the clock
     * @param busy  nanoseconds inside tasks, of all threads together
     * @param flops see {@link Work}
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
        this.backend = backend;
    }

    /** What to compute with; who closes it closes the backend. */
    Backend backend() {
        return (Backend) Proxy.newProxyInstance(Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
    }

    /** What each kind of operation has taken since the last call, in the order in which they came first. */
    Map<String, Spent> take() {
        Map<String, Spent> taken = spent;
        spent = new LinkedHashMap<>();
        return taken;
    }

    @Override
    public Object invoke(Object proxy, Method method, Object[] args) throws Throwable {
        long busy = backend.busyNanos();
        long start = System.nanoTime();
        try {
            return method.invoke(backend, args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        } finally {
            if (method.getDeclaringClass() == Ops.class) {
                long nanos = System.nanoTime() - start;
                Work work = Work.of(method.getName(), args);
                spent.merge(work.kind(), new Spent(1, nanos, backend.busyNanos() - busy, work.flops()), Spent::plus);
            }
        }
    }
}
