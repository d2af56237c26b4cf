package candor.cli;

import candor.probe.Steering;
import picocli.CommandLine.Option;

/** How a model is steered while it generates. */
final class SteerOptions {
    @Option(
            names = "--steer",
            paramLabel = Steering.LABEL,
            description =
                    "Steers the model, with and without an adapter, away from dishonesty: adds S times a direction of honesty (of candor"
                            + " direction) behind the layer that it goes by; 1, if S is not given.")
    private String steer;

    /** Null for not at all. */
    Steering steering() {
        return steer == null ? null : Steering.of(steer);
    }
}
