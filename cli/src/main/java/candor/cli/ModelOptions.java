package candor.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Which model, and where it computes. */
final class ModelOptions {
    @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of the model.")
    Path model;

    @Option(names = "--backend", paramLabel = "NAME", description = "auto, cpu, cuda or cuda-emulated.")
    String backend = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the CPU backend; 0 for one per processor.")
    int threads;
}
