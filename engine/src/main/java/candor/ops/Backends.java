package candor.ops;

import candor.BadInput;
import candor.ops.cpu.CpuBackend;

/** Opens a backend by name: what was asked for, or the reason why not. It never falls back in silence. */
public final class Backends {
    private Backends() {}

    /**
     * @param name    "cpu", or "auto" for the best that this machine has
     * @param threads threads of the CPU backend; 0 for one per processor
     */
    public static Backend open(String name, int threads) {
        int processors = Runtime.getRuntime().availableProcessors();
        if (threads < 0 || threads > 1024) {
            throw new BadInput("--threads " + threads + ": give 1 to 1024, or 0 for one per processor");
        }
        return switch (name) {
            case "auto", "cpu" -> new RecordedBackend(new CpuBackend(threads == 0 ? processors : threads));
            default -> throw new BadInput("--backend " + name + ": not one of auto, cpu");
        };
    }
}
