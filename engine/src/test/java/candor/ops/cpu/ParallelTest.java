package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.ops.Batch;
import candor.ops.weight.FrozenWeight;
import candor.ops.weight.StoredWeight;
import candor.tensor.DType;
import candor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParallelTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyTaskRunsOnceAndItsPlainWritesAreSeen(int threads) {
        try (Parallel parallel = new Parallel(threads)) {
            for (int round = 0; round < 300; round++) {
                int tasks = round % 23;
                int[] written = new int[tasks];
                AtomicIntegerArray count = new AtomicIntegerArray(tasks);
                parallel.run(tasks, (index, worker) -> {
                    assertThat(worker).isBetween(0, threads - 1);
                    written[index] = index + 1;
                    count.incrementAndGet(index);
                });
                for (int i = 0; i < tasks; i++) {
                    assertThat(count.get(i)).isOne();
                    assertThat(written[i]).isEqualTo(i + 1);
                }
            }
        }
    }

    /** Each thread has its share, and yet nobody waits for a thread that is held up: the others take its tasks. */
    @Test
    void aThreadThatIsHeldUpIsHelped() {
        try (Parallel parallel = new Parallel(3)) {
            for (int first = 0; first < 12; first++) {
                int held = first;
                CountDownLatch others = new CountDownLatch(11);
                AtomicBoolean done = new AtomicBoolean();
                parallel.run(12, (index, worker) -> {
                    if (index == held) {
                        done.set(await(others));
                    } else {
                        others.countDown();
                    }
                });
                assertThat(done).as("all tasks but %d ended before it", held).isTrue();
            }
        }
    }

    /** No less than the tasks took, and no more than all threads had. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void timeInsideTasksIsCounted(int threads) {
        long nanos = TimeUnit.MILLISECONDS.toNanos(2);
        try (Parallel parallel = new Parallel(threads)) {
            for (int tasks : new int[] {0, 1, 7}) {
                long before = parallel.busyNanos();
                long start = System.nanoTime();
                parallel.run(tasks, (index, worker) -> {
                    long began = System.nanoTime();
                    while (System.nanoTime() - began < nanos) {
                        Thread.onSpinWait();
                    }
                });
                long wall = System.nanoTime() - start;
                assertThat(parallel.busyNanos() - before).isBetween(tasks * nanos, threads * wall);
            }
        }
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** The caller sees what a task threw, whichever thread it ran on, and the threads go on working. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void whatATaskThrowsReachesTheCaller(int threads) {
        try (Parallel parallel = new Parallel(threads)) {
            for (int failing = 0; failing < 40; failing++) {
                int index = failing;
                RuntimeException wrong = new ArrayStoreException("task " + failing);
                assertThatThrownBy(() -> parallel.run(40, (i, worker) -> {
                            if (i == index) {
                                throw wrong;
                            }
                        }))
                        .isSameAs(wrong);
                AtomicIntegerArray count = new AtomicIntegerArray(40);
                parallel.run(40, (i, worker) -> count.incrementAndGet(i));
                for (int i = 0; i < 40; i++) {
                    assertThat(count.get(i)).isOne();
                }
            }
            Error full = new OutOfMemoryError("in a task");
            assertThatThrownBy(() -> parallel.run(9, (i, worker) -> {
                        throw full;
                    }))
                    .isSameAs(full);
        }
    }

    @Test
    void isNotUsedAfterItsEnd() {
        Parallel parallel = new Parallel(3);
        parallel.close();
        assertThatThrownBy(() -> parallel.run(4, (index, worker) -> {})).isInstanceOf(IllegalStateException.class);
    }

    /** A product that failed half-way must not lend its operands to the next one on the same thread. */
    @Test
    void aFailedProductLeavesNoOperandBehind() {
        Batch batch = new Batch(new int[1], new int[1], new int[] {Batch.NO_TARGET}, new int[] {0, 1}, new int[] {0});
        try (Arena arena = Arena.ofShared();
                CpuBackend backend = new CpuBackend(1)) {
            Tensor x = Tensor.of(arena, 1, 2, 3, 4);
            FrozenWeight w = backend.freeze(StoredWeight.of(Tensor.of(arena, 2, 2, 1, 0, 0, 1)));
            Tensor residual = Tensor.of(arena, 1, 2, 100, 200);
            Tensor readOnly =
                    Tensor.of(Tensor.allocate(arena, DType.F32, 1, 2).data().asReadOnly(), DType.F32, 1, 2);
            assertThatThrownBy(() -> backend.linear(readOnly, null, x, w, null, residual, null, batch))
                    .isInstanceOf(RuntimeException.class);
            Tensor y = Tensor.allocate(arena, DType.F32, 1, 2);
            backend.linear(y, null, x, w, null, null, null, batch);
            assertThat(y.toFloats()).containsExactly(3, 4);
        }
    }
}
