package candor.report;

import java.util.function.Consumer;

/**
 * A CSV file beside the page.
 *
 * @param name small letters, digits and dashes, with the ending
 * @param lines hands over its lines, each with its end
 */
record FileBeside(String name, Consumer<Consumer<String>> lines) {}
