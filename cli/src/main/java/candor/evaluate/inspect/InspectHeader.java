package candor.evaluate.inspect;

import candor.evaluate.Result;
import candor.evaluate.Scores;
import candor.evaluate.Task;
import candor.evaluate.ask.Ask;
import candor.evaluate.ask.Sampling;
import candor.stats.Mean;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/** What a log says of the whole evaluation of a subject: {@code eval}, {@code plan}, {@code results}, {@code stats}. */
final class InspectHeader<R extends Task.Row> {
    private static final String BASE = "base";

    private final InspectLog.Evaluation<R> evaluation;
    private final String subject;
    private final String id;
    private final String time;
    private final List<Long> seeds;

    InspectHeader(InspectLog.Evaluation<R> evaluation, String subject, String id, Instant time) {
        this.evaluation = evaluation;
        this.subject = subject;
        this.id = id;
        this.time = time.toString().replaceFirst("Z$", "+00:00");
        this.seeds = evaluation.results().stream().map(Result::seed).distinct().toList();
    }

    private static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** A model as inspect_ai names them, PROVIDER/NAME: its repository on the Hub, or a path's last part, since logs are passed on. */
    String model() {
        JsonNode run = evaluation.run();
        String name = run.has("repository")
                ? run.path("repository").asText()
                : Path.of(run.path("model").asText("model"))
                        .toAbsolutePath()
                        .normalize()
                        .getFileName()
                        .toString();
        return "candor/" + name + (subject.equals(BASE) ? "" : "+" + subject);
    }

    /** A seed is an epoch: a time that all samples are gone through. */
    int epoch(long seed) {
        return seeds.indexOf(seed) + 1;
    }

    String id() {
        return id;
    }

    ObjectNode eval() {
        ObjectNode run = evaluation.run();
        ObjectNode eval = object();
        eval.put("eval_id", id).put("run_id", id).put("created", time);
        eval.put("task", run.path("task").asText()).put("task_id", id);
        eval.set("task_version", run.path("version"));
        eval.putObject("task_attribs");
        eval.set("task_args", run.path("settings"));
        eval.set("task_args_passed", run.path("settings"));
        ObjectNode dataset = eval.putObject("dataset");
        ArrayNode files = JsonNodeFactory.instance.arrayNode();
        for (JsonNode file : run.path("data")) {
            files.addObject()
                    .put(
                            "file",
                            Path.of(file.path("file").asText()).getFileName().toString())
                    .set("sha256", file.path("sha256"));
        }
        List<String> ids = results().stream().map(Result::id).distinct().toList();
        dataset.put("name", run.path("task").asText())
                .put("samples", ids.size())
                .put("shuffled", false);
        ArrayNode sampleIds = dataset.putArray("sample_ids");
        ids.forEach(sampleIds::add);
        eval.put("model", model());
        eval.putObject("model_generate_config");
        eval.putObject("model_args");
        ObjectNode config = eval.putObject("config");
        if (run.has("limit")) {
            config.set("limit", run.path("limit"));
        }
        config.put("epochs", seeds.size());
        config.putArray("epochs_reducer").add("mean");
        eval.putObject("packages").set("candor", run.path("candor"));
        ObjectNode metadata = eval.putObject("metadata");
        metadata.put("subject", subject);
        for (JsonNode each : run.path("subjects")) {
            if (each.path("name").asText().equals(subject)) {
                metadata.set("fingerprint", each.path("fingerprint"));
            }
        }
        if (run.has("commit")) {
            metadata.set("commit", run.path("commit"));
        }
        metadata.set("judge", run.path("judge"));
        metadata.set("answering", run.path("answering"));
        metadata.set("seeds", run.path("seeds"));
        metadata.set("data", files);
        ArrayNode scorers = eval.putArray("scorers");
        for (Task.Measure measure : evaluation.task().measures()) {
            ArrayNode metrics = scorers.addObject().put("name", measure.name()).putArray("metrics");
            metrics.addObject().put("name", mean(measure));
            metrics.addObject().put("name", "stderr");
        }
        return eval;
    }

    private List<Result> results() {
        return evaluation.results().stream()
                .filter(result -> result.subject().equals(subject))
                .toList();
    }

    ObjectNode plan() {
        ObjectNode plan = object().put("name", "plan");
        plan.putArray("steps").addObject().put("solver", "generate").putObject("params");
        ObjectNode config = plan.putObject("config");
        results().stream()
                .flatMap(result -> result.asks().stream())
                .filter(ask -> ask.key().equals(evaluation.shown()))
                .map(ask -> ask instanceof Ask.Generate generate ? generate.sampling() : null)
                .filter(Objects::nonNull)
                .findFirst()
                .ifPresent(sampling -> put(config, sampling));
        return plan;
    }

    private static void put(ObjectNode config, Sampling sampling) {
        config.put("max_tokens", sampling.maxNewTokens())
                .put("temperature", sampling.temperature())
                .put("top_p", sampling.topP());
    }

    private static String mean(Task.Measure measure) {
        return measure.over() == Mean.MACRO ? "macro_mean" : "mean";
    }

    ObjectNode stats() {
        ObjectNode stats = object().put("started_at", time).put("completed_at", time);
        stats.putObject("model_usage");
        return stats;
    }

    ObjectNode error() {
        String message = evaluation.failure().orElseThrow();
        return object().put("message", message).put("traceback", message).put("traceback_ansi", message);
    }

    /** Shares, not per cent. The viewer has one table for scores with the same metrics: those of subsets are metadata. */
    ObjectNode scores() {
        ObjectNode results = object();
        int samples = results().size();
        results.put("total_samples", samples).put("completed_samples", samples);
        ArrayNode list = results.putArray("scores");
        for (Task.Measure measure : evaluation.task().measures()) {
            List<Scores.Score> scores = evaluation.scores().stream()
                    .filter(score ->
                            score.subject().equals(subject) && score.measure().equals(measure))
                    .toList();
            if (scores.isEmpty()) {
                continue;
            }
            int scored = (int) results().stream()
                    .filter(result -> result.outcome().values().containsKey(measure.name()))
                    .count();
            ObjectNode score = list.addObject().put("name", measure.name()).put("scorer", measure.name());
            score.put("reducer", seeds.size() > 1 ? "mean" : null);
            score.put("scored_samples", scored).put("unscored_samples", samples - scored);
            score.putObject("params");
            ObjectNode metrics = score.putObject("metrics");
            ObjectNode metadata = score.putObject("metadata").put("meaning", measure.meaning());
            ObjectNode subsets = metadata.putObject("subsets");
            for (Scores.Score each : scores) {
                if (each.subset().equals(Scores.ALL)) {
                    metric(metrics, mean(measure), each.estimate().value());
                    metric(metrics, "stderr", each.estimate().standardError());
                } else {
                    ObjectNode subset = subsets.putObject(each.subset());
                    put(subset, "value", each.estimate().value());
                    put(subset, "stderr", each.estimate().standardError());
                    subset.put("n", each.estimate().n());
                }
            }
        }
        return results;
    }

    /** What is not known has no place there. */
    private static void metric(ObjectNode metrics, String name, double percent) {
        if (Double.isFinite(percent)) {
            put(metrics.putObject(name).put("name", name), "value", percent);
        }
    }

    private static void put(ObjectNode node, String name, double percent) {
        if (Double.isFinite(percent)) {
            node.put(name, percent / 100);
        }
    }
}
