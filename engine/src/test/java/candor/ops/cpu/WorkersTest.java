package candor.ops.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import candor.tensor.DType;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    /** Few rows and many, short and long, for fewer and for more threads than there are rows. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void everyRowIsTakenOnce(int threads) {
        try (Workers workers = new Workers(threads, new Products(CpuKernels.JAVA, DType.F32))) {
            for (int count : new int[] {0, 1, 2, 5, 32, 33, 160, 2051}) {
                for (int cols : new int[] {1, 256, 4096, 9001}) {
                    AtomicIntegerArray taken = new AtomicIntegerArray(count);
                    workers.rows(count, cols, (from, to, worker) -> {
                        assertThat(worker).isBetween(0, threads - 1);
                        assertThat(to - from).isBetween(1, Workers.BLOCK);
                        for (int row = from; row < to; row++) {
                            taken.incrementAndGet(row);
                        }
                    });
                    for (int row = 0; row < count; row++) {
                        assertThat(taken.get(row))
                                .as("row %d of %d", row, count)
                                .isOne();
                    }
                }
            }
        }
    }
}
