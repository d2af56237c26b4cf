package candor.cli;

import candor.BadInput;
import candor.lora.AdapterFolder;
import candor.probe.Steering;
import candor.study.FoldedSteering;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code candor steer}: a direction of honesty folded into an adapter. */
@Command(
        name = "steer",
        description = {
            "Folds a direction of honesty (of candor direction) into an adapter, or makes one of it alone: the model with the new"
                    + " adapter generates as the model with --adapter does under --steer.",
            "The direction becomes a bias behind the layer's last projection (lora_bias), which PEFT loads."
        })
final class SteerCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "DIR", description = ModelOptions.HELP)
    private Path model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description =
                    "The adapter to fold it into, its folder, its run's, or its name on the Hub, ORG/NAME; none for the direction"
                            + " alone.")
    private Path adapter;

    @Option(
            names = "--direction",
            required = true,
            paramLabel = "FILE",
            description = "The direction, a file that candor direction made of this model.")
    private Path direction;

    @Option(
            names = "--strength",
            paramLabel = "S",
            description =
                    "How many times the direction is added, which is as long as the means of honest and dishonest replies are apart.")
    private double strength = 1;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The adapter's folder to make.")
    private Path output;

    @Override
    public Integer call() {
        if (Files.exists(output)) {
            throw new BadInput(output + ": exists already; choose another --output");
        }
        FoldedSteering.write(
                ModelOptions.orEmbedded(model),
                adapter == null ? null : AdapterFolder.find(adapter),
                new Steering(direction, strength),
                output);
        spec.commandLine().getOut().println(output);
        return ExitCode.DONE;
    }
}
