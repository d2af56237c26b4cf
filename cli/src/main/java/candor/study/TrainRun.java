package candor.study;

import java.nio.file.Path;

/** An arm under a seed, on its way to an adapter. */
public record TrainRun(Treatment treatment, long seed, Path folder) {
    public String arm() {
        return treatment.arm().name();
    }

    public Path adapter() {
        return folder.resolve("adapter");
    }
}
