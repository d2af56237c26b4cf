package candor.ops.cuda;

import candor.BadInput;
import candor.bindings.NativeLibrary;
import candor.ops.Heads;
import candor.tensor.DType;
import candor.tensor.Tensor;
import candor.tensor.Workspace;
import java.util.Arrays;
import java.util.Optional;

/**
 * Whether this machine has a GPU that works: library, driver, card, and a small operation whose result is known. Asked once in
 * a process, for what it finds out does not change.
 *
 * @param works   whether it does
 * @param finding what it is, or why it does not
 */
public record GpuTrial(boolean works, String finding) {
    private static GpuTrial done;

    /** The trial's result. */
    public static synchronized GpuTrial result() {
        if (done == null) {
            done = run();
        }
        return done;
    }

    private static GpuTrial run() {
        if (!NativeLibrary.CUDA.isThere()) {
            return new GpuTrial(
                    false,
                    NativeLibrary.CUDA.fileName() + " is not built; where there is a GPU, "
                            + NativeLibrary.CUDA.remedy());
        }
        try (CudaBackend backend = CudaBackend.open()) {
            return addsRight(backend)
                    ? new GpuTrial(true, backend.description())
                    : new GpuTrial(false, backend.description() + ", computes wrong numbers; see ./candor check");
        } catch (BadInput | CudaException e) {
            return new GpuTrial(false, e.getMessage());
        }
    }

    /** 64 rows of ones times ones: each product is the depth, in any precision. */
    private static boolean addsRight(CudaBackend backend) {
        int size = 64;
        try (Workspace workspace = backend.workspace(3 * Workspace.bytesFor(DType.F32, size, size))) {
            Tensor x = workspace.take(DType.BF16, size, size);
            Tensor w = workspace.take(DType.BF16, size, size);
            Tensor y = workspace.take(DType.F32, size, size);
            float[] ones = new float[size * size];
            Arrays.fill(ones, 1);
            backend.upload(x, ones);
            backend.upload(w, ones);
            backend.logits(y, x, new DeviceWeight(w, null)); // (64,64)
            float[] sums = new float[size * size];
            backend.download(sums, y);
            for (float sum : sums) {
                if (sum != size) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Why the kernels cannot compute a model with such heads; empty where they can. */
    public static Optional<String> refusal(Heads heads) {
        return Limits.takes(heads)
                ? Optional.empty()
                : Optional.of("its attention heads are " + heads.width()
                        + " wide, and the GPU's kernels take multiples of 8 up to " + Limits.WIDEST_HEAD);
    }
}
