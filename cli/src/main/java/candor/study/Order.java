package candor.study;

import candor.evaluate.ask.Subject;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.engine.SettingsJson;
import candor.train.config.Settings;
import candor.train.config.TrainConfig;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What the first process of a study has the others do with it. An order says all that it is carried out by: whoever gets it needs
 * to know nothing of the study, and of what came before.
 */
sealed interface Order {
    /** Runs that train together, each by its method and settings. */
    record Train(List<Run> runs) implements Order {
        /** A run. */
        record Run(Method method, Settings settings) {
            TrainConfig config() {
                return TrainConfig.of(method, settings);
            }
        }
    }

    /**
     * A model that is asked something: answers come and go as {@link candor.comm.SharedWork} has them, until it is at its end.
     *
     * @param model      how to open it, where it is not open
     * @param subjects   what it consists of, as it was opened by the first
     * @param arithmetic what the first computes by
     * @param open       other models that the first has open, too: any that it has not will not be asked for soon
     */
    record Answer(
            EngineRespondent.Settings model,
            List<Subject> subjects,
            String arithmetic,
            List<EngineRespondent.Settings> open)
            implements Order {}

    /** There is nothing more to do. */
    record End() implements Order {}

    /** As it travels. */
    static byte[] bytes(Order order) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        switch (order) {
            case Train train -> {
                ArrayNode runs = json.putArray("train");
                train.runs.forEach(run ->
                        runs.addObject().put("method", run.method.name()).set("settings", run.settings.written()));
            }
            case Answer answer -> {
                json.set("answer", SettingsJson.of(answer.model));
                ArrayNode subjects = json.putArray("subjects");
                answer.subjects.forEach(subject ->
                        subjects.addObject().put("name", subject.name()).put("fingerprint", subject.fingerprint()));
                json.put("arithmetic", answer.arithmetic);
                ArrayNode open = json.putArray("open");
                answer.open.forEach(each -> open.add(SettingsJson.of(each)));
            }
            case End _ -> {}
        }
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What came. */
    static Order read(byte[] bytes) {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (json.has("train")) {
            List<Train.Run> runs = new ArrayList<>();
            json.get("train")
                    .forEach(run -> runs.add(new Train.Run(
                            Method.valueOf(run.get("method").textValue()), Settings.read(run.get("settings")))));
            return new Train(runs);
        }
        if (!json.has("answer")) {
            return new End();
        }
        List<Subject> subjects = new ArrayList<>();
        json.get("subjects")
                .forEach(subject -> subjects.add(new Subject(
                        subject.get("name").textValue(),
                        subject.get("fingerprint").textValue())));
        List<EngineRespondent.Settings> open = new ArrayList<>();
        json.get("open").forEach(each -> open.add(SettingsJson.settings(each)));
        return new Answer(
                SettingsJson.settings(json.get("answer")),
                subjects,
                json.get("arithmetic").textValue(),
                open);
    }
}
