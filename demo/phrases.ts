/** What the people of the demo write about. Each list is read in turn or by lot; none of it is about anybody. */
export interface Phrases {
  readonly subjects: readonly string[];
  readonly sentences: readonly string[];
  readonly greetings: readonly string[];
  readonly closings: readonly string[];
  /** In front of the subject of an answer. */
  readonly reply: string;
  readonly people: readonly (readonly [name: string, address: string])[];
  readonly files: readonly string[];
}

export const ITALIAN: Phrases = {
  subjects: [
    "Riunione di martedì alle 15",
    "Preventivo per la città di Forlì",
    "Fattura n. 118 – però manca l'IVA",
    "Ordine caffè per l'ufficio ☕",
    "Proposta di società: più dettagli",
    "Verbale dell'assemblea",
    "Perché non ci vediamo lunedì?",
    "Turni di agosto",
    "Nuovo listino prezzi & condizioni",
    "Foto della gita",
    "Conferma della prenotazione",
    "Backup del server: tutto a posto",
  ],
  sentences: [
    "Ti mando in allegato la versione corretta del documento.",
    "La qualità è migliore di quella dell'anno scorso, e costa 120 € in meno.",
    "Così possiamo chiudere entro venerdì.",
    "Il fornitore non ha ancora risposto; lo richiamo domani mattina.",
    "Se per te va bene, confermo io al cliente.",
    "C'è ancora da decidere chi porta il proiettore.",
    "Giovedì sono fuori sede, ma leggo la posta.",
    "Grazie mille per l'aiuto di ieri, è stato prezioso.",
    "La consegna è prevista per il 12, salvo neve sul passo.",
    "Qui sotto trovi i numeri che avevi chiesto.",
  ],
  greetings: ["Ciao Giulia,", "Buongiorno,", "Gentile dottoressa Rossi,", "Cara Giulia,"],
  closings: ["A presto", "Cordiali saluti", "Un caro saluto", "Grazie e buona giornata"],
  reply: "R: ",
  people: [
    ["Niccolò Fabbri", "niccolo@cantina-fabbri.example"],
    ["Zoë D'Angelo", "zoe.dangelo@studio.example"],
    ["Ufficio Acquisti", "acquisti@comune.example"],
    ["Beppe Conti", "beppe@caffe-conti.example"],
    ["Letizia Bardi", "l.bardi@scuola.example"],
  ],
  files: [
    "preventivo.pdf",
    "fattura-118.pdf",
    "città e società.pdf",
    "turni.csv",
    "gita.jpg",
    "riunione.ics",
  ],
};

export const ENGLISH: Phrases = {
  subjects: [
    "Minutes of Monday's meeting",
    "Offer for the new roof",
    "Your booking is confirmed",
    "Numbers for the third quarter",
    "Lunch on Friday?",
    "Draft of the contract",
    "Holiday calendar",
    "Question about invoice 2231",
    "Photos from the mountains",
    "Server maintenance on Sunday",
    "Re-org of the archive – thoughts?",
    "Welcome aboard 🎉",
  ],
  sentences: [
    "Please find the corrected version attached.",
    "The price went down by 8 %, which I did not expect.",
    "Let us close this before the end of the week.",
    "I have not heard from the supplier yet and will call again tomorrow.",
    "If you agree, I'll confirm with the customer.",
    "Somebody still has to bring the projector.",
    "I am out of the office on Thursday but read mail.",
    "Thank you for your help yesterday, it saved the day.",
    "Delivery is due on the 12th unless it snows on the pass.",
    "The figures that you asked for are below.",
  ],
  greetings: ["Hi,", "Hello there,", "Good morning,", "Dear colleague,"],
  closings: ["Best regards", "Cheers", "See you", "Thanks a lot"],
  reply: "Re: ",
  people: [
    ["Ada Whitfield", "ada@whitfield.example"],
    ["Björn Håkansson", "bjorn@hakansson.example"],
    ["Accounts Office", "accounts@supplier.example"],
    ["Noor Haddad", "noor@haddad-roofs.example"],
    ["Tomás Vega", "tomas.vega@travel.example"],
  ],
  files: ["minutes.pdf", "offer.pdf", "contract (draft).pdf", "numbers.csv", "mountains.jpg", "meeting.ics"],
};
