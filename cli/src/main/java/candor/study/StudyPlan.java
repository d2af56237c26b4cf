package candor.study;

import candor.evaluate.Task;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Prompt;
import candor.generate.AnswerNeeds;
import candor.lora.AdapterShape;
import candor.model.ModelConfig;
import candor.model.ModelFolder;
import candor.model.Recomputation;
import candor.model.Recompute;
import candor.ops.Needs;
import candor.ops.Room;
import candor.text.Conversation;
import candor.train.Plan;
import candor.train.Prepared;
import candor.train.config.TrainConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a study would take, before anything of it is done.
 *
 * @param arms in their order; those without training have no rows
 * @param groups as they train together
 * @param benchmarks as they are answered
 * @param answering memory while they are answered, a local judge included
 * @param shape     what a pass is like
 */
public record StudyPlan(
        List<ArmPlan> arms,
        List<GroupPlan> groups,
        List<BenchmarkPlan> benchmarks,
        AnswerNeeds answering,
        Shape shape) {
    /**
     * An arm.
     *
     * @param rows of its training set, of the first seed
     * @param tokens of those rows, once through
     * @param steps optimiser steps of one of its runs
     */
    public record ArmPlan(String name, String label, int seeds, long rows, long tokens, long steps) {}

    /** A group: its runs, the memory that they take together, and the tokens of all of them, with gradients and without. */
    public record GroupPlan(int number, int runs, Needs host, Needs device, double tokens, double freeTokens) {}

    /**
     * A benchmark.
     *
     * @param replies of all arms and seeds together
     * @param promptTokens of all prompts, by four characters a token
     * @param newTokens at most, of all replies
     * @param scored continuations whose probabilities are read
     */
    public record BenchmarkPlan(String name, int rows, long replies, long promptTokens, long newTokens, long scored) {}

    /**
     * What a pass is like, for whoever measures how long it takes.
     *
     * @param lora      of an adapter, or null where nothing is trained
     * @param rowTokens of a row, in the mean
     * @param passTokens of the largest pass
     * @param sequences that are answered together
     */
    public record Shape(
            ModelConfig model,
            AdapterShape lora,
            Recomputation recomputation,
            int rowTokens,
            int passTokens,
            int sequences) {}

    /** Bytes of this machine's memory in the stage that takes the most. */
    public long hostBytes() {
        return Math.max(
                answering.host().total(),
                groups.stream().mapToLong(group -> group.host.total()).max().orElse(0));
    }

    /** The same of the GPU's memory; 0 where there is none in play. */
    public long deviceBytes() {
        return Math.max(
                answering.device().total(),
                groups.stream().mapToLong(group -> group.device.total()).max().orElse(0));
    }

    /** Every arm's data is read once; its runs under several seeds are of one size. */
    static StudyPlan of(
            StudyConfig config,
            List<Treatment> treatments,
            List<TrainGroup> groups,
            List<StudyTask<?>> tasks,
            Room room) {
        Map<String, Prepared.One> trained = new LinkedHashMap<>();
        List<ArmPlan> arms = new ArrayList<>();
        Prepared first = null;
        for (Treatment treatment : treatments) {
            String name = treatment.arm().name();
            List<Long> seeds = treatment.arm().seeds();
            if (treatment.training().isEmpty()) {
                arms.add(new ArmPlan(name, treatment.arm().label(), seeds.size(), 0, 0, 0));
                continue;
            }
            TrainConfig run = config.train(treatment, seeds.getFirst());
            Prepared prepared = Prepared.toPlan(List.of(run));
            first = first == null ? prepared : first;
            Prepared.One one = prepared.runs().getFirst();
            trained.put(name, one);
            long tokens = 0;
            for (int length : one.data().lengths()) {
                tokens += length;
            }
            int steps =
                    Plan.of(prepared, Room.of(Long.MAX_VALUE, Long.MAX_VALUE)).steps();
            arms.add(new ArmPlan(
                    name, treatment.arm().label(), seeds.size(), one.data().size(), tokens, steps));
        }
        List<GroupPlan> planned = new ArrayList<>();
        for (TrainGroup group : groups) {
            List<Prepared.One> runs =
                    group.runs().stream().map(run -> trained.get(run.arm())).toList();
            Plan plan = Plan.of(new Prepared(first.model(), runs, List.of()), room);
            planned.add(new GroupPlan(
                    group.number(), runs.size(), plan.host(), plan.device(), plan.tokens(), plan.freeTokens()));
        }
        int subjects = treatments.stream()
                .mapToInt(treatment -> treatment.arm().seeds().size())
                .sum();
        return new StudyPlan(
                arms,
                planned,
                tasks.stream().map(task -> plan(task, subjects)).toList(),
                AnsweringMemory.of(config, first, groups, tasks, room),
                shape(config, first, room));
    }

    private static Shape shape(StudyConfig config, Prepared prepared, Room room) {
        int sequences = config.section(StudyConfig.EVALUATE)
                .get(EvaluationPlan.BATCH_SIZE)
                .intValue();
        if (prepared == null) {
            ModelConfig model = ModelConfig.read(ModelFolder.at(config.model()).configFile())
                    .packed(config.weights());
            return new Shape(model, null, Recomputation.all(Recompute.FULL, model.layers()), 32, 512, sequences);
        }
        Prepared.One run = prepared.runs().getFirst();
        Plan plan = Plan.of(prepared, room);
        int mean = (int) Math.max(
                2, Math.round(Arrays.stream(run.data().lengths()).average().orElse(2)));
        return new Shape(prepared.model(), run.lora(), plan.recomputation(), mean, plan.passTokens(), sequences);
    }

    private static <R extends Task.Row> BenchmarkPlan plan(StudyTask<R> task, int subjects) {
        long replies = 0;
        long tokens = 0;
        long prompts = 0;
        long scored = 0;
        for (R row : task.rows()) {
            for (Ask ask : task.task().asks(row)) {
                switch (ask) {
                    case Ask.Generate generate -> {
                        replies++;
                        prompts += tokens(ask.prompt());
                        tokens += generate.sampling().maxNewTokens();
                    }
                    case Ask.Score score -> {
                        scored += score.continuations().size();
                        prompts += tokens(ask.prompt()) * score.continuations().size();
                    }
                }
            }
        }
        return new BenchmarkPlan(
                task.task().name(),
                task.rows().size(),
                replies * subjects,
                prompts * subjects,
                tokens * subjects,
                scored * subjects);
    }

    /** About: a token is four characters of English. */
    private static long tokens(Prompt prompt) {
        long characters =
                switch (prompt) {
                    case Prompt.Chat(Conversation conversation) ->
                        conversation.toString().length();
                    case Prompt.Text(String text) -> text.length();
                };
        return Math.ceilDiv(characters, 4);
    }
}
