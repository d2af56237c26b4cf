/** What clients of HTTP share: a body that stays within bounds, and the pause that a server asks for. */
package candor.http;
