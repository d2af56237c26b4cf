package candor.study;

import candor.BadInput;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.JudgeSettings;
import candor.train.config.Setting;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** An endpoint that a section says: where asking cannot go on, it names the section's keys, not the command line's options. */
record SectionChat(ChatModel model) implements ChatModel {
    private static final String NO_TEMPERATURE =
            JudgeSettings.flag(JudgeSettings.TEMPERATURE) + " none sends no temperature";
    private static final Pattern OPTION = Pattern.compile("--[a-z-]*[a-z]");
    private static final Map<String, String> KEYS =
            JudgeSettings.ALL.stream().collect(Collectors.toMap(JudgeSettings::flag, Setting::key));

    /** The same with a message that names keys, should it fail. */
    static <T> T withKeys(String before, Supplier<T> what) {
        try {
            return what.get();
        } catch (BadInput e) {
            throw new BadInput(before + keys(e.getMessage()), e);
        }
    }

    /** The command line's options in a message, as the keys of a section. */
    private static String keys(String message) {
        String settings =
                message.replace(NO_TEMPERATURE, JudgeSettings.SEND_TEMPERATURE.key() + ": false sends no temperature");
        return OPTION.matcher(settings).replaceAll(option -> KEYS.getOrDefault(option.group(), option.group()));
    }

    @Override
    public ObjectNode identity() {
        return model.identity();
    }

    @Override
    public void complete(List<Request> requests, Sink sink) {
        withKeys("", () -> {
            model.complete(requests, sink);
            return null;
        });
    }

    @Override
    public void close() {
        model.close();
    }
}
