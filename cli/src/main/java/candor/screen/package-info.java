/** Screening data before anything is tuned on it: what is read, what is computed with it, and the folder that it goes into. */
package candor.screen;
