package candor.cli;

import candor.text.TemplateChoice;
import picocli.CommandLine.Option;

/** Which chat template renders conversations. */
final class TemplateOptions {
    @Option(
            names = "--chat-template",
            paramLabel = "FILE|NAME",
            description = "A Jinja file, llama3 or qwen (which come with the program), or model for the model's own.")
    private String template = TemplateChoice.MODELS_OWN;

    @Option(
            names = "--chat-template-kwargs",
            paramLabel = "JSON",
            description = "More variables for the chat template: '{\"enable_thinking\": false}'.")
    private String kwargs = "{}";

    TemplateChoice choice() {
        return new TemplateChoice(template, kwargs);
    }
}
