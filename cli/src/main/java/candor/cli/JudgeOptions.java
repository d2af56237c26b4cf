package candor.cli;

import candor.BadInput;
import candor.evaluate.ask.AnswerCache;
import candor.evaluate.engine.Decoding;
import candor.evaluate.engine.EngineRespondent;
import candor.evaluate.judge.ChatModel;
import candor.evaluate.judge.Judge;
import candor.evaluate.judge.JudgeSettings;
import candor.evaluate.judge.JudgeSettings.Kind;
import candor.evaluate.judge.JudgeSetup;
import candor.evaluate.judge.LocalChat;
import candor.evaluate.judge.RuleJudge;
import candor.text.TemplateChoice;
import candor.train.config.Setting;
import candor.train.config.Settings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * Who judges: an endpoint (--judge-url), a local checkpoint (--judge-model DIR alone), or rules (--judge rules). The options are
 * {@link JudgeSettings}; two of them are said in fewer words here: a URL tells which kind of model it is, and a temperature of none
 * that none is sent.
 *
 * @param given by their keys
 */
record JudgeOptions(Settings given) {
    /** What --judge says. */
    private enum Who {
        MODEL,
        RULES
    }

    private static final Setting<Who> WHO = new Setting<>(
            JudgeSettings.amongOthers(JudgeSettings.KIND).key(),
            new Setting.Choice<>(Who.class),
            Who.MODEL,
            "rules are for closed worlds alone; a model is the one at " + JudgeSettings.flag(JudgeSettings.URL)
                    + ", or without it the checkpoint in the folder " + JudgeSettings.flag(JudgeSettings.MODEL) + ".");
    private static final String NONE = "none";
    private static final Setting<String> TEMPERATURE = new Setting<>(
            JudgeSettings.amongOthers(JudgeSettings.TEMPERATURE).key(),
            new Setting.Text("T|" + NONE),
            "0",
            JudgeSettings.TEMPERATURE.help() + " " + NONE + " leaves it to the endpoint, as some models demand.");

    /** How a message ends on what a value must be. */
    private static final Map<Setting<?>, String> MORE =
            Map.of(JudgeSettings.TEMPERATURE, ", or " + NONE, JudgeSettings.MAX_FAILURES, ", a share of rows");

    private static final Pattern WHOLE = Pattern.compile("-?[0-9]+");
    private static final Pattern REAL = Pattern.compile("-?[0-9]*\\.?[0-9]+");
    private static final Pattern WHAT = Pattern.compile("^a (whole )?number ");

    /** Adds an option for every setting. */
    static void addTo(CommandSpec command) {
        for (Setting<?> setting : JudgeSettings.ALL) {
            if (setting != JudgeSettings.SEND_TEMPERATURE) {
                command.addOption(SettingOptions.option(option(setting)).build());
            }
        }
    }

    private static Setting<?> option(Setting<?> setting) {
        return setting == JudgeSettings.KIND
                ? WHO
                : setting == JudgeSettings.TEMPERATURE ? TEMPERATURE : JudgeSettings.amongOthers(setting);
    }

    /** What a command line says. */
    static JudgeOptions of(ParseResult parsed) {
        Who who = Who.MODEL;
        Settings given = Settings.NONE;
        for (Setting<?> setting : JudgeSettings.ALL) {
            String text = parsed.matchedOptionValue(JudgeSettings.flag(setting), null);
            if (text != null && setting == JudgeSettings.KIND) {
                who = read(WHO, WHO.flag(), text);
            } else if (text != null) {
                given = with(given, setting, text);
            }
        }
        Kind model = given.has(JudgeSettings.URL) ? Kind.ENDPOINT : Kind.LOCAL;
        return new JudgeOptions(given.with(
                JudgeSettings.KIND.key(), List.of((who == Who.RULES ? Kind.RULES : model).word()), WHO.flag()));
    }

    private static Settings with(Settings given, Setting<?> setting, String text) {
        String flag = JudgeSettings.flag(setting);
        if (setting == JudgeSettings.TEMPERATURE && text.equals(NONE)) {
            return given.with(JudgeSettings.SEND_TEMPERATURE.key(), List.of("false"), flag);
        }
        read(setting, flag, text);
        return given.with(setting.key(), List.of(text), flag);
    }

    private static <T> T read(Setting<T> setting, String flag, String text) {
        try {
            return setting.kind().read(List.of(text));
        } catch (Setting.Wrong wrong) {
            boolean real =
                    setting.kind() instanceof Setting.Real && REAL.matcher(text).matches();
            boolean number = real || WHOLE.matcher(text).matches();
            throw new BadInput(
                    flag + " " + (real ? Double.valueOf(text) : text) + ": must be "
                            + (number ? WHAT.matcher(wrong.getMessage()).replaceFirst("") : wrong.getMessage())
                            + MORE.getOrDefault(setting, ""),
                    wrong);
        }
    }

    /** Whether a judge was named, and one alone: told before anything is written. */
    void requireNamed() {
        if (kind() == Kind.RULES) {
            if (given.has(JudgeSettings.URL) || given.has(JudgeSettings.MODEL)) {
                throw new BadInput("--judge rules goes without --judge-url and --judge-model");
            }
        } else if (!given.has(JudgeSettings.MODEL)) {
            throw new BadInput(
                    "this task needs a judge: --judge-url with --judge-model, --judge-model DIR, or --judge rules");
        }
    }

    private Kind kind() {
        return given.get(JudgeSettings.KIND);
    }

    /** The share of rows that the judge may fail on. */
    double maxFailures() {
        return given.get(JudgeSettings.MAX_FAILURES);
    }

    /** @param usualTokens the bound on an answer, where neither the user nor the model asks for more */
    Judge open(EvalOptions options, AnswerCache cache, int usualTokens) {
        requireNamed();
        JudgeSetup setup = new JudgeSetup(given);
        return switch (kind()) {
            case RULES -> new RuleJudge();
            case LOCAL -> setup.judge(() -> local(options), cache, usualTokens);
            case ENDPOINT -> setup.judge(() -> setup.endpoint(setup.budget()), cache, usualTokens);
        };
    }

    private ChatModel local(EvalOptions options) {
        Path folder = Path.of(given.get(JudgeSettings.MODEL));
        return new LocalChat(EngineRespondent.open(
                options.engine(folder, null, TemplateChoice.DEFAULT, Decoding.PLAIN, List.of(), true, true)));
    }
}
