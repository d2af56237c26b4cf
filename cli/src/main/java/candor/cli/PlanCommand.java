package candor.cli;

import candor.BadInput;
import candor.ops.Backend;
import candor.ops.BackendDescriptor;
import candor.ops.Backends;
import candor.ops.Needs;
import candor.ops.Room;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** {@code candor plan}: memory and time of a run before it starts, by the same options. */
@Command(name = "plan", description = "Memory and time of a run before it starts.")
final class PlanCommand implements Callable<Integer>, CommandGroup {
    private static final String PROCESSES = "--processes";
    private static final int MOST_PROCESSES = 1024;

    @Spec
    private CommandSpec spec;

    @Override
    public List<String> names() {
        return TrainCommand.methods();
    }

    @Override
    public CommandLine build(String name) {
        Method method = TrainCommand.method(name);
        Plans plans = new Plans(method);
        CommandSpec command = CommandSpec.wrapWithoutInspection(plans).name(method.word());
        command.usageMessage().description("The plan of 'train " + method.word() + "' with the same options.");
        plans.spec = command;
        TrainOptions.addTo(command, method);
        command.addOption(OptionSpec.builder(DeviceMemory.OPTION)
                .paramLabel(DeviceMemory.LABEL)
                .type(String.class)
                .description(DeviceMemory.HELP)
                .build());
        command.addOption(OptionSpec.builder(PROCESSES)
                .paramLabel("N")
                .type(Integer.class)
                .description(
                        "Plans for each of so many processes of this machine that train together; 1, if not given.")
                .build());
        command.addOption(OptionSpec.builder(CopyRate.OPTION)
                .paramLabel(DeviceMemory.LABEL)
                .type(String.class)
                .description(CopyRate.HELP)
                .build());
        command.addOption(OptionSpec.builder(JsonOut.OPTION)
                .arity("0")
                .type(boolean.class)
                .description("Prints the plan as JSON; sizes are in bytes, times in seconds.")
                .build());
        return new CommandLine(command);
    }

    @Override
    public Integer call() {
        return CommandNames.needed(spec.commandLine());
    }

    /** "1,234 MiB (weights 1,000 MiB, …), recompute none". */
    static String oneLine(Plan plan) {
        String device = plan.device().bytes().isEmpty() ? "" : "GPU " + oneLine(plan.device()) + "; host ";
        return device + oneLine(plan.host()) + ", recompute " + recompute(plan) + ", " + plan.steps() + " steps";
    }

    /** "full=12,selective=20 of 64 layers", "full, inputs on the host". */
    private static String recompute(Plan plan) {
        String text = plan.recomputation().text();
        return text
                + (text.contains("=") ? " of " + plan.recomputation().layers().size() + " layers" : "")
                + (plan.host().bytes().containsKey(Plan.WAITING) ? ", inputs on the host" : "");
    }

    private static String oneLine(Needs needs) {
        return mebibytes(needs.total()) + " ("
                + needs.bytes().entrySet().stream()
                        .map(e -> e.getKey() + " " + mebibytes(e.getValue()))
                        .collect(Collectors.joining(", "))
                + ")";
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", Math.ceilDiv(bytes, 1L << 20));
    }

    /** Plans by one method. */
    private static final class Plans implements Callable<Integer> {
        private final Method method;
        private CommandSpec spec;

        Plans(Method method) {
            this.method = method;
        }

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            String given = spec.commandLine().getParseResult().matchedOptionValue(DeviceMemory.OPTION, null);
            TrainOptions.Planned planned =
                    TrainOptions.toPlan(spec.commandLine().getParseResult(), method, given);
            List<TrainConfig> configs = planned.configs();
            TrainConfig.Machine machine = configs.getFirst().machine();
            String rate = spec.commandLine().getParseResult().matchedOptionValue(CopyRate.OPTION, null);
            if (rate != null && machine.layers() == TrainConfig.Layers.HERE) {
                throw new BadInput(CopyRate.OPTION + ": belongs to --offload-weights and --shard-weights; remove it");
            }
            int processes = spec.commandLine().getParseResult().matchedOptionValue(PROCESSES, 1);
            if (processes < 1 || processes > MOST_PROCESSES) {
                throw new BadInput(PROCESSES + " " + processes + ": give 1 to " + MOST_PROCESSES);
            }
            Prepared prepared = planned.folders() ? Prepared.toPlan(configs) : Prepared.toPlanWithoutFolders(configs);
            if (prepared.runs().isEmpty()) {
                out.println("nothing to do: done already");
                return ExitCode.DONE;
            }
            BackendDescriptor backend = TakenBackend.tell(prepared.backend());
            Room room = DeviceMemory.room(given, backend).among(processes);
            Plan plan = Plan.of(prepared, room, processes);
            if (spec.commandLine().getParseResult().matchedOptionValue(JsonOut.OPTION, false)) {
                out.println(JsonOut.text(told(prepared, plan, room, given != null, processes, rate)));
                return ExitCode.DONE;
            }
            prepared.runs()
                    .forEach(run -> out.printf(
                            Locale.ROOT,
                            "%-24s %s, %,d rows%n",
                            "run",
                            planned.folders()
                                    ? run.config().output()
                                    : run.config().output().getFileName(),
                            run.data().size()));
            if (!plan.device().bytes().isEmpty()) {
                print("GPU", plan.device(), room.device());
            }
            print("this machine", plan.host(), room.host());
            out.printf("%-24s %s%n", "recompute", recompute(plan));
            out.printf(Locale.ROOT, "%-24s %,d%n", "optimiser steps", plan.steps());
            out.printf(Locale.ROOT, "%-24s %,d tokens%n", "largest pass", plan.passTokens());
            if (given != null) {
                copies(plan, CopyRate.planned(rate), processes);
                return ExitCode.DONE;
            }
            try (Backend opened = Backends.open(backend, machine.threads())) {
                double copies = copies(
                        plan, plan.copied() == 0 ? CopyRate.planned(rate) : CopyRate.of(rate, opened), processes);
                time(plan, Probe.measure(opened, work(plan, prepared)), copies, processes);
            }
            return ExitCode.DONE;
        }

        /** The plan for a program; what it takes in time where that can be measured on this machine. */
        private static ObjectNode told(
                Prepared prepared, Plan plan, Room room, boolean elsewhere, int processes, String rate) {
            ObjectNode told = JsonNodeFactory.instance.objectNode();
            ArrayNode runs = told.putArray("runs");
            prepared.runs().forEach(run -> runs.addObject()
                    .put("run", run.config().output().toString())
                    .put("rows", run.data().size()));
            if (!plan.device().bytes().isEmpty()) {
                told.set("gpu", told(plan.device(), room.device()));
            }
            told.set("host", told(plan.host(), room.host()));
            told.put("recompute", plan.recomputation().text())
                    .put("optimiser_steps", plan.steps())
                    .put("largest_pass_tokens", plan.passTokens())
                    .put("tokens", plan.tokens() + plan.freeTokens())
                    .put("copied", plan.copied());
            if (!elsewhere) {
                try (Backend opened = Backends.open(
                        prepared.backend().backend(),
                        prepared.runs().getFirst().config().machine().threads())) {
                    double copies = plan.copied() == 0
                            ? 0
                            : plan.copied() / CopyRate.of(rate, opened).bytesPerSecond();
                    double work = Probe.measure(opened, work(plan, prepared)).training(plan) / processes;
                    told.put("seconds", Math.max(work, copies));
                }
            }
            return told;
        }

        private static ObjectNode told(Needs needs, long memory) {
            ObjectNode told = JsonNodeFactory.instance.objectNode();
            ObjectNode parts = told.putObject("parts");
            needs.bytes().forEach((kind, bytes) -> parts.put(kind, bytes));
            return told.put("bytes", needs.total()).put("of", memory);
        }

        /** Says what is copied for each of so many processes; seconds in all. */
        private double copies(Plan plan, CopyRate rate, int processes) {
            double seconds = plan.copied() / rate.bytesPerSecond();
            if (plan.copied() > 0) {
                double step = plan.copied() / Math.max(1, plan.steps());
                spec.commandLine()
                        .getOut()
                        .printf(
                                Locale.ROOT,
                                "%-24s %s a step: %.1f s at %s%n",
                                processes == 1 ? "layers copied" : "layers copied by each",
                                mebibytes((long) step),
                                step / rate.bytesPerSecond(),
                                rate.text());
            }
            return seconds;
        }

        private void print(String place, Needs needs, long memory) {
            PrintWriter out = spec.commandLine().getOut();
            out.printf("%s%n", place);
            needs.bytes().forEach((kind, bytes) -> out.printf("  %-22s %12s%n", kind, mebibytes(bytes)));
            out.printf("  %-22s %12s of %s: fits%n", "in all", mebibytes(needs.total()), mebibytes(memory));
        }

        /** Layers are copied beside the work: the longer of the two is what it takes. */
        private void time(Plan plan, Rates rates, double copies, int processes) {
            double work = rates.training(plan) / processes;
            double seconds = Math.max(work, copies);
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%-24s about %s (%,.0f tokens, %,.0f a second)%s%n",
                            "time",
                            Rates.time(seconds),
                            plan.tokens() + plan.freeTokens(),
                            (plan.tokens() + plan.freeTokens()) / seconds,
                            copies > work ? ", as long as the copies take" : "");
        }

        private static Probe.Work work(Plan plan, Prepared prepared) {
            Prepared.One run = prepared.runs().getFirst();
            int[] lengths = run.data().lengths();
            int mean = Math.max(
                    2, (int) Math.round(Arrays.stream(lengths).average().orElse(2)));
            return new Probe.Work(prepared.model(), run.lora(), plan.recomputation(), mean, plan.passTokens(), 0);
        }
    }
}
