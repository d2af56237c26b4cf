package candor.train;

import candor.ops.cuda.EmulatedDevice;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole runs on the emulated device: the loss curve is the CPU's, and a run that stopped ends as the one that did not. */
class CudaRunTest {
    @TempDir
    Path temp;

    @BeforeEach
    void needsTheLibrary() {
        EmulatedDevice.assumeThere();
    }

    @ParameterizedTest
    @EnumSource(names = {"SFT", "KTO"})
    void thirtyStepsFollowTheCpuAndAResumeLeavesNoTrace(Method method) throws IOException {
        Bf16Runs.followTheCpu(method, 42, temp, settings -> settings.with(TrainSettings.BACKEND, "cuda-emulated"));
    }
}
