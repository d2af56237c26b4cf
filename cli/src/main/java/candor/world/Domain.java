package candor.world;

import java.util.List;

/**
 * A kind of things that the world is about.
 *
 * @param plural its name, as in "about ships"
 * @param phrase how one is spoken of, with {@code {n}} for its name
 * @param beginnings of names
 * @param endings of names; every beginning with every ending is an entity
 */
record Domain(
        String plural, String phrase, List<String> beginnings, List<String> endings, List<Attribute> attributes) {}
