package candor.cli;

import candor.comm.Communicator;
import candor.ops.BackendDescriptor;
import candor.ops.ProcessMemory;
import candor.ops.Room;
import candor.train.Outcome;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.Run;
import candor.train.Session;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings.Method;
import candor.train.distributed.LeastRoom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code candor train}: trains adapters, or all weights of a small model. The work is the engine's; here are options, progress and exit codes. */
@Command(name = "train", description = "Trains an adapter, or a whole model.")
final class TrainCommand implements Callable<Integer>, CommandGroup {
    private static final Logger LOG = LoggerFactory.getLogger(TrainCommand.class);

    @Spec
    private CommandSpec spec;

    @Override
    public List<String> names() {
        return methods();
    }

    /** The methods by name. */
    static List<String> methods() {
        return Arrays.stream(Method.values()).map(Method::word).toList();
    }

    /** The method of one of the {@link #methods}. */
    static Method method(String name) {
        return Method.values()[methods().indexOf(name)];
    }

    @Override
    public CommandLine build(String name) {
        Method method = method(name);
        CommandSpec command =
                CommandSpec.wrapWithoutInspection(new Trains(method)).name(method.word());
        command.usageMessage().description(method.description());
        Trains trains = (Trains) command.userObject();
        trains.spec = command;
        TrainOptions.addTo(command, method);
        return new CommandLine(command);
    }

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** Trains by one method. */
    private static final class Trains implements Callable<Integer>, Processes.Divided {
        private final Method method;
        private CommandSpec spec;

        Trains(Method method) {
            this.method = method;
        }

        @Override
        public Integer call() {
            return train(TrainOptions.configs(spec.commandLine().getParseResult(), method), spec);
        }
    }

    /** Trains runs over one base, and prints where each result lies. */
    static int train(List<TrainConfig> configs, CommandSpec spec) {
        Prepared prepared = Prepared.of(configs);
        if (prepared.runs().isEmpty()) {
            LOG.info("nothing to do: done already");
            prepared.done().stream()
                    .filter(done -> done.drop() != null)
                    .forEach(done -> LOG.info("it had {}", Progress.dropped(done)));
            return ExitCode.DONE;
        }
        prepared.runs().forEach(run -> Rows.tell(run, LOG));
        BackendDescriptor backend = TakenBackend.tell(prepared.backend());
        Communicator comm = Processes.joined();
        Room room = LeastRoom.of(comm, Room.at(backend, ProcessMemory.available() / comm.localSize()));
        Plan plan = Plan.of(prepared, room, comm.localSize());
        LOG.info("plan: {}", PlanCommand.oneLine(plan));
        List<Run> runs;
        try (Interrupt interrupt = Interrupt.listen(Again.resuming(spec))) {
            try (Session session = Session.open(prepared, plan, facts(), comm);
                    Progress progress = new Progress(session)) {
                LOG.info("device: {}", session.device());
                if (comm.size() > 1) {
                    LOG.info("processes: {}{}", comm.description(), idle(prepared, comm.size()));
                }
                Forecast forecast = new Forecast(progress, session.runs(), LOG::info, System::nanoTime);
                session.train(forecast, interrupt::requested);
                runs = session.runs();
            }
            runs.stream()
                    .filter(run -> run.outcome() instanceof Outcome.Done)
                    .forEach(run -> spec.commandLine().getOut().println(run.result()));
            return exitCode(runs.stream().map(Run::outcome).toList(), spec, interrupt);
        }
    }

    /** Processes that a step has no work for, in words; micro-batches are what is dealt out. */
    private static String idle(Prepared prepared, int processes) {
        int most = prepared.runs().stream()
                .mapToInt(run -> run.config().batching().accumulation())
                .max()
                .orElseThrow();
        return most >= processes
                ? ""
                : "; a step has " + most + (most == 1 ? " micro-batch" : " micro-batches") + ", so "
                        + (processes - most) + " of them have nothing to do: --gradient-accumulation-steps "
                        + processes + " with a smaller --per-device-train-batch-size gives each its part";
    }

    private static int exitCode(List<Outcome> outcomes, CommandSpec spec, Interrupt interrupt) {
        int code = ExitCode.DONE;
        for (Outcome outcome : outcomes) {
            if (outcome instanceof Outcome.Diverged diverged) {
                spec.commandLine()
                        .getErr()
                        .println("error: " + diverged.reason().message(Errors.naming(spec.commandLine())));
                code = ExitCode.FAILED;
            }
        }
        return outcomes.stream().anyMatch(Outcome.Interrupted.class::isInstance) ? interrupt.stopped() : code;
    }

    private static Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("candor", Version.project());
        Version.commit().ifPresent(commit -> facts.put("commit", commit));
        return facts;
    }
}
