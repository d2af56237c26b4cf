package candor.train;

import candor.ops.Backend;
import candor.ops.DeviceWork;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a step took.
 *
 * @param seconds by the clock
 * @param share   of what the device could have computed in them; empty where that is not known
 */
record StepCost(double seconds, OptionalDouble share) {
    /** A step that is on its way. */
    static final class Meter {
        private final Backend backend;
        private final long start = System.nanoTime();
        private final Optional<DeviceWork> before;

        Meter(Backend backend) {
            this.backend = backend;
            before = backend.work();
        }

        /** It is done. */
        StepCost read() {
            double seconds = (System.nanoTime() - start) / 1e9;
            Optional<DeviceWork> after = backend.work();
            return new StepCost(
                    seconds,
                    before.isPresent() && after.isPresent()
                            ? OptionalDouble.of(after.get().share(before.get(), seconds))
                            : OptionalDouble.empty());
        }
    }
}
