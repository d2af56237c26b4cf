package candor.text.template;

import java.time.LocalDateTime;

/**
 * What a template may know of the world.
 *
 * @param now what {@code strftime_now} formats: given, so that the same template renders the same text
 */
record Environment(LocalDateTime now) {}
