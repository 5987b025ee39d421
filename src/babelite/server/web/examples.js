// Example texts.

export const SENTENCES = {
  Travel: `Where is the nearest train station?
I would like a table for two, please.
Mein Koffer ist noch nicht angekommen.
¿Cuánto cuesta una noche en este hotel?
Où se trouve la gare la plus proche ?
My suitcase has not arrived yet.
Vorrei un tavolo per due, per favore.
Was kostet eine Nacht in diesem Hotel?
¿Dónde está la estación de tren más cercana?
Ma valise n'est pas encore arrivée.
Je voudrais une table pour deux, s'il vous plaît.
Quanto costa una notte in questo albergo?
Wo ist der nächste Bahnhof?
The museum is closed on Mondays.
La boulangerie ouvre à sept heures.
Mi maleta todavía no ha llegado.
El museo cierra los lunes.`,
  Office: `The meeting has been moved to Thursday morning.
Please send me the signed contract by Friday.
L'imprimante ne fonctionne plus.
Die Besprechung wurde auf Donnerstagmorgen verschoben.
Our sales grew by ten percent last year.
Per favore, mi mandi il contratto firmato entro venerdì.
Der Drucker funktioniert nicht mehr.
La réunion a été déplacée à jeudi matin.
Nuestras ventas crecieron un diez por ciento el año pasado.
Bitte schicken Sie mir den unterschriebenen Vertrag bis Freitag.
La riunione è stata spostata a giovedì mattina.
Nos ventes ont augmenté de dix pour cent l'année dernière.
The printer is not working any more.`,
  Proverbs: `A bird in the hand is worth two in the bush.
Morgenstund hat Gold im Mund.
Más vale pájaro en mano que ciento volando.
The early bird catches the worm.
Besser den Spatz in der Hand als die Taube auf dem Dach.
A quien madruga, Dios le ayuda.
Un tiens vaut mieux que deux tu l'auras.
Le monde appartient à ceux qui se lèvent tôt.
Rome was not built in a day.
Roma non fu fatta in un giorno.
Paris ne s'est pas fait en un jour.
Rom wurde auch nicht an einem Tag erbaut.`,
};

export const TEXTS = {
  "A letter": {
    source: [
      "en",
      `Dear Anna, we arrived in Lisbon yesterday evening. The flight was late, so we missed the last bus and had to take a taxi. The flat is small but bright, and from the balcony you can see the river. Tomorrow we want to visit the old town. Unfortunately it is supposed to rain. I will send you photos soon.`,
    ],
    target: [
      "de",
      `Liebe Anna, gestern Abend sind wir in Lissabon angekommen. Das Flugzeug hatte Verspätung. Deshalb haben wir den letzten Bus verpasst und mussten ein Taxi nehmen. Die Wohnung ist klein, aber hell, und vom Balkon sieht man den Fluss. Die Nachbarn sind sehr freundlich. Morgen wollen wir die Altstadt besichtigen, aber leider soll es regnen. Bald schicke ich dir Fotos.`,
    ],
  },
  "A manual": {
    source: [
      "fr",
      `Avant la première utilisation, rincez le réservoir à l'eau claire. Remplissez-le ensuite jusqu'au trait. Ne dépassez jamais ce niveau ! Appuyez sur le bouton rouge pour mettre l'appareil en marche. Le voyant s'allume et l'eau commence à chauffer. Après trois minutes, l'appareil s'arrête tout seul. Nettoyez le filtre une fois par mois.`,
    ],
    target: [
      "es",
      `Antes del primer uso, enjuague el depósito con agua limpia y llénelo hasta la marca. No supere nunca este nivel. Para encender el aparato, pulse el botón rojo. La luz se enciende. El agua empieza a calentarse. A los tres minutos, el aparato se apaga solo. La garantía dura dos años. Limpie el filtro una vez al mes.`,
    ],
  },
};

/** Add a button for each example. */
export function addExamples(place, names, choose) {
  for (const name of names) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", () => choose(name));
    place.append(button);
  }
}
